//! Tables as text.

use std::fmt;

/// Writes rows of cells, each column right-aligned to its widest cell, two spaces between columns.
pub(crate) fn write(f: &mut fmt::Formatter<'_>, rows: &[Vec<String>]) -> fmt::Result {
    let mut widths = Vec::new();
    for row in rows {
        widths.resize(row.len().max(widths.len()), 0);
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    for row in rows {
        for (column, cell) in row.iter().enumerate() {
            let space = if column == 0 { "" } else { "  " };
            write!(f, "{space}{cell:>width$}", width = widths[column])?;
        }
        writeln!(f)?;
    }
    Ok(())
}

/// A share to four places, or a dash for none.
pub(crate) fn number(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.4}"))
}
