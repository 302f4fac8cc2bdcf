//! The stack machine that a pickle is a program for.

use super::super::report::{clipped, quoted};
use super::global::Global;
use super::{Node, Span, Value, text};

/// The most memory that the values of a pickle take together: enough for some 40,000 tensors.
const BUDGET: usize = 1 << 25;

/// The most values on the stack.
const STACK: usize = 1 << 18;

/// The most places of the memo.
const MEMO: usize = 1 << 20;

pub(super) struct Machine<'p> {
    pub(super) bytes: &'p [u8],
    /// How far it was read.
    pub(super) at: usize,
    stack: Vec<Value>,
    /// How deep the stack was at each mark.
    marks: Vec<usize>,
    memo: Vec<Option<Value>>,
    pub(super) nodes: Vec<Node>,
    /// Bytes of memory that the values take.
    spent: usize,
}

pub(super) type Step<V = ()> = Result<V, String>;

/// A refusal.
pub(super) fn no<V>(text: impl Into<String>) -> Step<V> {
    Err(text.into())
}

impl<'p> Machine<'p> {
    pub(super) fn new(bytes: &'p [u8]) -> Self {
        let (stack, marks, memo, nodes) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { bytes, at: 0, stack, marks, memo, nodes, spent: 0 }
    }

    pub(super) fn run(&mut self) -> Step<Value> {
        loop {
            if let Some(root) = self.step()? {
                return Ok(root);
            }
        }
    }

    /// One instruction. The last one gives the result.
    fn step(&mut self) -> Step<Option<Value>> {
        let [opcode] = self.array()?;
        match opcode {
            // PROTO, and FRAME, which only says how much to read ahead.
            0x80 => match self.array()? {
                [2..=5] => {}
                [version] => return no(format!("it has protocol {version}; 2 to 5 are read")),
            },
            0x95 => drop(self.array::<8>()?),
            // STOP
            b'.' => return self.pop().map(Some),
            // Constants: NONE, NEWTRUE, NEWFALSE.
            b'N' | 0x88 | 0x89 => self.push(Value::Other)?,
            // Numbers: BININT, BININT1, BININT2, LONG1, LONG4, BINFLOAT.
            b'J' => {
                let number = i32::from_le_bytes(self.array()?);
                self.push(Value::Int(number.into()))?;
            }
            b'K' => {
                let [number] = self.array()?;
                self.push(Value::Int(number.into()))?;
            }
            b'M' => {
                let number = u16::from_le_bytes(self.array()?);
                self.push(Value::Int(number.into()))?;
            }
            0x8a => {
                let [length] = self.array()?;
                self.long(length.into())?;
            }
            0x8b => {
                let length = self.length4()?;
                self.long(length)?;
            }
            b'G' => {
                self.array::<8>()?;
                self.push(Value::Other)?;
            }
            // Text: SHORT_BINUNICODE, BINUNICODE, BINUNICODE8, and what Python 2 wrote for it.
            0x8c | b'U' => {
                let [length] = self.array()?;
                self.text(length.into())?;
            }
            b'X' | b'T' => {
                let length = self.length4()?;
                self.text(length)?;
            }
            0x8d => {
                let length = self.length8()?;
                self.text(length)?;
            }
            // Bytes: SHORT_BINBYTES, BINBYTES, BINBYTES8, BYTEARRAY8.
            b'C' => {
                let [length] = self.array()?;
                self.opaque(length.into())?;
            }
            b'B' => {
                let length = self.length4()?;
                self.opaque(length)?;
            }
            0x8e | 0x96 => {
                let length = self.length8()?;
                self.opaque(length)?;
            }
            // The stack: MARK, POP, POP_MARK, DUP.
            b'(' => {
                if self.marks.len() == STACK {
                    return no(format!("its stack has more than {STACK} marks"));
                }
                self.marks.push(self.stack.len());
            }
            b'0' => drop(self.pop()?),
            b'1' => drop(self.pop_to_mark()?),
            b'2' => {
                let value = self.top()?;
                self.push(value)?;
            }
            // The memo: BINPUT, LONG_BINPUT, MEMOIZE, BINGET, LONG_BINGET.
            b'q' => {
                let [index] = self.array()?;
                self.memoize(index.into())?;
            }
            b'r' => {
                let index = self.length4()?;
                self.memoize(index)?;
            }
            0x94 => self.memoize(self.memo.len())?,
            b'h' => {
                let [index] = self.array()?;
                self.recall(index.into())?;
            }
            b'j' => {
                let index = self.length4()?;
                self.recall(index)?;
            }
            // Empty containers: EMPTY_TUPLE, EMPTY_LIST, EMPTY_DICT, EMPTY_SET.
            b')' => self.push_tuple(0)?,
            b']' | 0x8f => self.push_node(Node::List(Vec::new()))?,
            b'}' => self.push_node(Node::Dict(Vec::new()))?,
            // Containers of what lies on the stack: TUPLE1 to TUPLE3, TUPLE, LIST, FROZENSET, DICT.
            0x85..=0x87 => self.push_tuple(usize::from(opcode - 0x84))?,
            b't' => {
                let from = self.mark()?;
                self.push_tuple(self.stack.len() - from)?;
            }
            b'l' | 0x91 => {
                let items = self.pop_to_mark()?;
                self.spend(items.len(), size_of::<Value>())?;
                self.push_node(Node::List(items))?;
            }
            b'd' => {
                let items = self.pop_to_mark()?;
                self.push_node(Node::Dict(Vec::new()))?;
                self.set_items(&items)?;
            }
            // Into containers: APPEND, APPENDS, ADDITEMS, SETITEM, SETITEMS.
            b'a' => {
                let item = self.pop()?;
                self.append(&[item])?;
            }
            b'e' | 0x90 => {
                let items = self.pop_to_mark()?;
                self.append(&items)?;
            }
            b's' => {
                let (value, key) = (self.pop()?, self.pop()?);
                self.set_items(&[key, value])?;
            }
            b'u' => {
                let items = self.pop_to_mark()?;
                self.set_items(&items)?;
            }
            // Names: GLOBAL, STACK_GLOBAL.
            b'c' => {
                let (module, name) = (self.line()?, self.line()?);
                self.push(Value::Global(Global::named(module, name)?))?;
            }
            0x93 => {
                let (name, module) = (self.pop()?, self.pop()?);
                let (Value::Text(module), Value::Text(name)) = (module, name) else {
                    return no("it names a global by something that is no text");
                };
                let global = Global::named(text(self.bytes, module), text(self.bytes, name))?;
                self.push(Value::Global(global))?;
            }
            // Objects: REDUCE and NEWOBJ, BUILD, BINPERSID.
            b'R' | 0x81 => {
                let (arguments, function) = (self.pop()?, self.pop()?);
                self.call(function, arguments)?;
            }
            b'b' => {
                self.pop()?;
                self.check_state()?;
            }
            b'Q' => {
                let id = self.pop()?;
                self.push_storage(id)?;
            }
            other => return no(format!("it has the instruction {other:#04x}, which is not read")),
        }
        Ok(None)
    }

    // What the program holds.

    fn take(&mut self, length: usize) -> Step<&'p [u8]> {
        let piece = self.bytes.get(self.at..).and_then(|rest| rest.get(..length));
        let Some(piece) = piece else {
            return no(format!("it ends where {length} more bytes should follow"));
        };
        self.at += length;
        Ok(piece)
    }

    fn array<const N: usize>(&mut self) -> Step<[u8; N]> {
        Ok(self.take(N)?.try_into().expect("as many as were taken"))
    }

    fn length4(&mut self) -> Step<usize> {
        Ok(u32::from_le_bytes(self.array()?) as usize)
    }

    fn length8(&mut self) -> Step<usize> {
        let length = u64::from_le_bytes(self.array()?);
        usize::try_from(length).or_else(|_| no(format!("it claims a text of {length} bytes")))
    }

    fn line(&mut self) -> Step<&'p str> {
        let rest = &self.bytes[self.at..];
        let Some(length) = rest.iter().position(|&b| b == b'\n') else {
            return no("it ends inside a name");
        };
        let line = &self.take(length + 1)?[..length];
        str::from_utf8(line).or_else(|_| no("it has a name that is not UTF-8"))
    }

    fn text(&mut self, length: usize) -> Step {
        let start = self.at;
        if str::from_utf8(self.take(length)?).is_err() {
            return no("it has a text that is not UTF-8");
        }
        self.push(Value::Text(Span { start: start as u32, length: length as u32 }))
    }

    fn opaque(&mut self, length: usize) -> Step {
        self.take(length)?;
        self.push(Value::Other)
    }

    /// An integer of any length, lowest byte first.
    fn long(&mut self, length: usize) -> Step {
        let digits = self.take(length)?;
        let number = match digits.last() {
            None => Value::Int(0),
            Some(_) if length > 8 => Value::Other,
            Some(&high) => {
                let mut bytes = if high < 0x80 { [0; 8] } else { [0xff; 8] };
                bytes[..length].copy_from_slice(digits);
                Value::Int(i64::from_le_bytes(bytes))
            }
        };
        self.push(number)
    }

    // The stack.

    pub(super) fn push(&mut self, value: Value) -> Step {
        if self.stack.len() == STACK {
            return no(format!("its stack has more than {STACK} values"));
        }
        self.stack.push(value);
        Ok(())
    }

    pub(super) fn top(&self) -> Step<Value> {
        // What lies before a mark is not reached across it.
        match self.stack.last() {
            Some(&value) if self.marks.last().is_none_or(|&mark| mark < self.stack.len()) => Ok(value),
            _ => no("it takes a value from an empty stack"),
        }
    }

    fn pop(&mut self) -> Step<Value> {
        let value = self.top()?;
        self.stack.pop();
        Ok(value)
    }

    fn mark(&mut self) -> Step<usize> {
        self.marks.pop().ok_or_else(|| "it goes back to a mark that it has not set".into())
    }

    fn pop_to_mark(&mut self) -> Step<Vec<Value>> {
        let from = self.mark()?;
        Ok(self.stack.split_off(from))
    }

    fn memoize(&mut self, index: usize) -> Step {
        let value = self.top()?;
        if index >= MEMO {
            return no(format!("it remembers a value as number {index}; at most {MEMO} are kept"));
        }
        if index >= self.memo.len() {
            self.memo.resize(index + 1, None);
        }
        self.memo[index] = Some(value);
        Ok(())
    }

    fn recall(&mut self, index: usize) -> Step {
        match self.memo.get(index) {
            Some(&Some(value)) => self.push(value),
            _ => no(format!("it recalls value {index}, which it has not remembered")),
        }
    }

    // The table of values.

    /// Counts memory that the values are about to take.
    pub(super) fn spend(&mut self, count: usize, size: usize) -> Step {
        self.spent = self.spent.saturating_add(count.saturating_mul(size));
        match self.spent <= BUDGET {
            true => Ok(()),
            false => no(format!("its values take more than {} MB", BUDGET >> 20)),
        }
    }

    pub(super) fn push_node(&mut self, node: Node) -> Step {
        self.spend(1, size_of::<Node>())?;
        self.nodes.push(node);
        self.push(Value::Node((self.nodes.len() - 1) as u32))
    }

    fn push_tuple(&mut self, length: usize) -> Step {
        let floor = self.marks.last().copied().unwrap_or(0);
        let Some(from) = self.stack.len().checked_sub(length).filter(|&from| from >= floor) else {
            return no("it takes a value from an empty stack");
        };
        self.spend(length, size_of::<Value>())?;
        let items = self.stack[from..].into();
        self.stack.truncate(from);
        self.push_node(Node::Tuple(items))
    }

    /// The container on top of the stack; none where its constructor was passed over, as are its items then.
    fn container(&mut self) -> Step<Option<&mut Node>> {
        match self.top()? {
            Value::Node(index) => Ok(Some(&mut self.nodes[index as usize])),
            Value::Other => Ok(None),
            value => no(format!("it puts items into {}", self.shown(value))),
        }
    }

    /// Appends to the list on top of the stack.
    fn append(&mut self, items: &[Value]) -> Step {
        self.spend(items.len(), size_of::<Value>())?;
        match self.container()? {
            Some(Node::List(list)) => list.extend(items),
            None => {}
            Some(_) => return no("it appends to something that is no list"),
        }
        Ok(())
    }

    /// Puts keys and values in turns into the dictionary on top of the stack.
    fn set_items(&mut self, items: &[Value]) -> Step {
        self.spend(items.len(), size_of::<Value>())?;
        let (pairs, rest) = items.as_chunks::<2>();
        if !rest.is_empty() {
            return no("it sets a key without a value");
        }
        match self.container()? {
            Some(Node::Dict(dict)) => dict.extend(pairs.iter().map(|&[key, value]| (key, value))),
            None => {}
            Some(_) => return no("it sets an item of something that is no dictionary"),
        }
        Ok(())
    }

    pub(super) fn tuple(&self, value: Value) -> Option<&[Value]> {
        match value {
            Value::Node(index) => match &self.nodes[index as usize] {
                Node::Tuple(items) => Some(items),
                _ => None,
            },
            _ => None,
        }
    }

    /// How a value is named in a message.
    pub(super) fn shown(&self, value: Value) -> String {
        match value {
            Value::Global(global) => format!("`{global}`"),
            Value::Text(span) => quoted(&clipped(text(self.bytes, span))),
            Value::Int(number) => number.to_string(),
            Value::Other => "an opaque value".into(),
            Value::Node(index) => match &self.nodes[index as usize] {
                Node::Tuple(_) => "a tuple",
                Node::List(_) => "a list",
                Node::Dict(_) => "a dictionary",
                Node::Storage(_) => "a storage",
                Node::Tensor(_) => "a tensor",
            }
            .into(),
        }
    }
}
