//! Darknet's published networks, their cfg texts built here in a compact form.

use std::fmt::Write;

/// A cfg text, section by section; all numbers of filters but those before a head are divided.
struct Text {
    text: String,
    divisor: usize,
}

impl Text {
    fn net(size: usize, divisor: usize) -> Self {
        Self {
            text: format!("[net]\nwidth={size}\nheight={size}\nchannels=3\nbatch=64\nlearning_rate=0.001\n"),
            divisor,
        }
    }

    /// A normalized convolution with a leaky activation.
    fn conv(mut self, filters: usize, size: usize, stride: usize) -> Self {
        let filters = filters / self.divisor;
        write!(
            self.text,
            "\n[convolutional]\nbatch_normalize=1\nfilters={filters}\nsize={size}\nstride={stride}\npad=1\n\
             activation=leaky\n"
        )
        .unwrap();
        self
    }

    /// 3×3 and 1×1 convolutions in turn, by their filters; the first one is 3×3.
    fn convs(self, filters: &[usize]) -> Self {
        let sizes = [3, 1].into_iter().cycle();
        filters.iter().zip(sizes).fold(self, |text, (&filters, size)| text.conv(filters, size, 1))
    }

    /// A convolution without normalization and activation.
    fn linear(mut self, filters: usize) -> Self {
        write!(
            self.text,
            "\n[convolutional]\nfilters={filters}\nsize=1\nstride=1\npad=1\nactivation=linear\n"
        )
        .unwrap();
        self
    }

    fn maxpool(self, stride: usize) -> Self {
        self.section("maxpool", &format!("size=2\nstride={stride}"))
    }

    fn section(mut self, name: &str, options: &str) -> Self {
        write!(self.text, "\n[{name}]\n{options}\n").unwrap();
        self
    }

    fn residual(self, filters: usize, times: usize) -> Self {
        let down = self.conv(filters, 3, 2);
        (0..times).fold(down, |text, _| {
            text.conv(filters / 2, 1, 1).conv(filters, 3, 1).section("shortcut", "from=-3\nactivation=linear")
        })
    }

    fn darknet19(self) -> Self {
        self.convs(&[32])
            .maxpool(2)
            .convs(&[64])
            .maxpool(2)
            .convs(&[128, 64, 128])
            .maxpool(2)
            .convs(&[256, 128, 256])
            .maxpool(2)
            .convs(&[512, 256, 512, 256, 512])
            .maxpool(2)
            .convs(&[1024, 512, 1024, 512, 1024])
    }

    fn darknet53(self) -> Self {
        let stem = self.conv(32, 3, 1).residual(64, 1).residual(128, 2);
        stem.residual(256, 8).residual(512, 8).residual(1024, 4)
    }

    /// The convolutions before a head of YOLO v3, from 1×1 to the map, and the head.
    fn yolov3_head(self, filters: usize, classes: usize, mask: &str) -> Self {
        (0..3)
            .fold(self, |text, _| text.conv(filters, 1, 1).conv(2 * filters, 3, 1))
            .linear(3 * (classes + 5))
            .yolo(classes, mask, YOLOV3_ANCHORS, 9)
    }

    fn yolo(self, classes: usize, mask: &str, anchors: &str, num: usize) -> Self {
        let options = format!(
            "mask = {mask}\nanchors = {anchors}\nclasses={classes}\nnum={num}\njitter=.3\nignore_thresh = .7\n\
             truth_thresh = 1\nrandom=1"
        );
        self.section("yolo", &options)
    }

    fn region(self, classes: usize, anchors: &str) -> Self {
        let options = format!(
            "anchors = {anchors}\nbias_match=1\nclasses={classes}\ncoords=4\nnum=5\nsoftmax=1\njitter=.3\n\
             rescore=1\n\nobject_scale=5\nnoobject_scale=1\nclass_scale=1\ncoord_scale=1\n\nabsolute=1\n\
             thresh = .6\nrandom=1"
        );
        self.linear(5 * (classes + 5)).section("region", &options)
    }
}

const YOLOV3_ANCHORS: &str = "10,13, 16,30, 33,23, 30,61, 62,45, 59,119, 116,90, 156,198, 373,326";
const YOLOV3_TINY_ANCHORS: &str = "10,14, 23,27, 37,58, 81,82, 135,169, 344,319";
const YOLOV2_ANCHORS: &str =
    "0.57273,0.677385, 1.87446,2.06253, 3.33843,5.47434, 7.88282,3.52778, 9.77052,9.16828";

pub(crate) fn darknet19(divisor: usize, classes: usize) -> String {
    let head = Text::net(256, divisor).darknet19().linear(classes);
    head.section("avgpool", "").section("softmax", "groups=1").section("cost", "type=sse").text
}

pub(crate) fn darknet53(divisor: usize, classes: usize) -> String {
    let head = Text::net(256, divisor).darknet53().section("avgpool", "").linear(classes);
    head.section("softmax", "groups=1").text
}

/// The small YOLO v1: its map comes from a connected layer.
pub(crate) fn yolov1_tiny(divisor: usize) -> String {
    let small = [16, 32, 64, 128, 256, 512];
    let trunk =
        small.iter().fold(Text::net(448, divisor), |text, &filters| text.conv(filters, 3, 1).maxpool(2));
    let trunk = trunk.conv(1024, 3, 1).conv(256, 3, 1);
    let map = trunk.section("connected", "output= 1470\nactivation=linear");
    let options = "classes=20\ncoords=4\nrescore=1\nside=7\nnum=2\nsoftmax=0\nsqrt=1\njitter=.2\n\n\
                   object_scale=1\nnoobject_scale=.5\nclass_scale=1\ncoord_scale=5";
    map.section("detection", options).text
}

pub(crate) fn darknet53_trunk() -> String {
    Text::net(416, 1).darknet53().text
}

pub(crate) fn yolov2(size: usize, divisor: usize, classes: usize) -> String {
    let trunk = Text::net(size, divisor).darknet19().conv(1024, 3, 1).conv(1024, 3, 1);
    let passed = trunk.section("route", "layers=-9").conv(64, 1, 1).section("reorg", "stride=2");
    passed.section("route", "layers=-1,-4").conv(1024, 3, 1).region(classes, YOLOV2_ANCHORS).text
}

/// The tiny one has 512 filters in its last block for COCO, and 1024 for VOC.
pub(crate) fn yolov2_tiny(divisor: usize, last: usize, classes: usize) -> String {
    let small = [16, 32, 64, 128, 256];
    let trunk =
        small.iter().fold(Text::net(416, divisor), |text, &filters| text.conv(filters, 3, 1).maxpool(2));
    let trunk = trunk.conv(512, 3, 1).maxpool(1).conv(1024, 3, 1).conv(last, 3, 1);
    trunk.region(classes, YOLOV2_ANCHORS).text
}

pub(crate) fn yolov3(size: usize, divisor: usize, classes: usize) -> String {
    let up = |text: Text, filters: usize, other: usize| {
        text.section("route", "layers = -4")
            .conv(filters, 1, 1)
            .section("upsample", "stride=2")
            .section("route", &format!("layers = -1, {other}"))
    };
    let coarse = Text::net(size, divisor).darknet53().yolov3_head(512, classes, "6,7,8");
    let middle = up(coarse, 256, 61).yolov3_head(256, classes, "3,4,5");
    up(middle, 128, 36).yolov3_head(128, classes, "0,1,2").text
}

pub(crate) fn yolov3_tiny(divisor: usize, classes: usize) -> String {
    let small = [16, 32, 64, 128, 256];
    let trunk =
        small.iter().fold(Text::net(416, divisor), |text, &filters| text.conv(filters, 3, 1).maxpool(2));
    let trunk = trunk.conv(512, 3, 1).maxpool(1).conv(1024, 3, 1).conv(256, 1, 1);
    let head = |text: Text, filters: usize, mask: &str| {
        let map = text.conv(filters, 3, 1).linear(3 * (classes + 5));
        map.yolo(classes, mask, YOLOV3_TINY_ANCHORS, 6)
    };
    let coarse = head(trunk, 512, "3,4,5");
    let up = coarse.section("route", "layers = -4").conv(128, 1, 1).section("upsample", "stride=2");
    head(up.section("route", "layers = -1, 8"), 256, "0,1,2").text
}
