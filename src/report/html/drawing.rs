//! Drawings in SVG. Every one is followed by tables that say the same, and is hidden from readers
//! of screens beyond its label.

use std::f64::consts::TAU;

use super::{Attribute, Writer, drawn_class, outline};
use crate::report::layout;
use crate::report::page::{Bar, Edge, Lane, Mark, Place, Timeline, Topology};

/// Height of a row of incidents.
const ROW: f64 = 22.0;
/// Room at the ends of a lane, as parts of it: for a mark and its number.
const LEFT: f64 = 0.025;
const RIGHT: f64 = 0.10;
/// Size of the drawing of nodes, of a node in it, and the columns of its name.
const WIDTH: f64 = 400.0;
const HEIGHT: f64 = 46.0;
const NAME: usize = 14;

impl Writer<'_> {
    pub(super) fn timeline(&mut self, timeline: &Timeline) {
        self.markup.literal("<figure class=\"timeline\">");
        self.markup.element("figcaption", &[], &timeline.caption);
        for lane in &timeline.lanes {
            self.lane(lane);
        }
        self.ticks(&timeline.ticks);
        self.markup.literal("</figure>\n");
        self.table(&timeline.table);
    }

    fn lane(&mut self, lane: &Lane) {
        self.markup.literal("<div class=\"lane\"><p>");
        self.code(&lane.node);
        if !lane.clock.is_empty() {
            self.markup.literal(" <span class=\"clock\">");
            self.markup.text(&lane.clock);
            self.markup.literal("</span>");
        }
        self.markup.literal("</p>");
        let height = lane.rows as f64 * ROW + 8.0;
        let attributes = [
            Attribute::Fixed("width", "100%"),
            Attribute::Number("height", height),
            Attribute::Fixed("aria-hidden", "true"),
        ];
        self.markup.open("svg", &attributes);
        for quarter in 0..=4 {
            let x = along(f64::from(quarter) / 4.0);
            self.rule(x, x, (0.0, height), "grid");
        }
        for change in &lane.changes {
            let x = along(*change);
            self.rule(x, x, (0.0, height), "change");
        }
        for bar in &lane.bars {
            self.bar(bar);
        }
        self.markup.literal("</svg></div>\n");
    }

    fn rule(&mut self, from: f64, to: f64, (top, bottom): (f64, f64), class: &'static str) {
        let attributes = [
            Attribute::Fixed("class", class),
            Attribute::Percent("x1", from),
            Attribute::Percent("x2", to),
            Attribute::Number("y1", top),
            Attribute::Number("y2", bottom),
        ];
        self.markup.open("line", &attributes);
        self.markup.close("line");
    }

    /// A bar from its begin to its end, with a mark and its number; what is open goes on as a dashed
    /// line.
    fn bar(&mut self, bar: &Bar) {
        let (begin, end) = (along(bar.span.0), along(bar.span.1));
        let middle = bar.row as f64 * ROW + 4.0 + ROW / 2.0;
        self.markup
            .open("g", &[Attribute::Fixed("class", drawn_class(bar.severity))]);
        if bar.open {
            self.rule(end, 1.0, (middle, middle), "open");
        }
        let attributes = [
            Attribute::Fixed("class", "bar"),
            Attribute::Percent("x", begin),
            Attribute::Percent("width", end - begin),
            Attribute::Number("y", middle - 4.0),
            Attribute::Number("height", 8.0),
        ];
        self.markup.open("rect", &attributes);
        self.markup.close("rect");
        let attributes = [
            Attribute::Percent("x", begin),
            Attribute::Number("y", middle - 8.0),
            Attribute::Fixed("width", "40"),
            Attribute::Fixed("height", "16"),
            Attribute::Fixed("overflow", "visible"),
        ];
        self.markup.open("svg", &attributes);
        self.markup
            .literal("<g transform=\"translate(-8,0) scale(1.3333)\">");
        self.markup.literal(outline(Mark::Severity(bar.severity)));
        self.markup
            .literal("</g><text x=\"11\" y=\"12.5\" class=\"number\">");
        self.markup.number(bar.number);
        self.markup.literal("</text></svg></g>");
    }

    fn ticks(&mut self, ticks: &[(f64, String)]) {
        self.markup
            .literal("<svg width=\"100%\" height=\"20\" class=\"ticks\" aria-hidden=\"true\">");
        let last = ticks.len().saturating_sub(1);
        for (at, (place, text)) in ticks.iter().enumerate() {
            // of two times in between, a narrow page has no room for the second
            let class = match at {
                0 => "first",
                at if at == last => "last",
                at if at % 2 == 1 => "odd",
                _ => "even",
            };
            let x = match at {
                0 => 0.0,
                at if at == last => 1.0,
                _ => along(*place),
            };
            let attributes = [
                Attribute::Percent("x", x),
                Attribute::Fixed("y", "14"),
                Attribute::Fixed("class", class),
            ];
            self.markup.element("text", &attributes, text);
        }
        self.markup.literal("</svg>");
    }

    pub(super) fn topology(&mut self, topology: &Topology) {
        let (places, height) = arranged(topology.places.len());
        self.markup.literal("<figure class=\"topology\">");
        self.markup.open("figcaption", &[]);
        self.markup.text(&topology.caption);
        self.markup.literal(" ");
        self.markup.text(&topology.legend);
        self.markup.close("figcaption");
        self.markup.open(
            "svg",
            &[
                Attribute::Box(WIDTH, height),
                Attribute::Fixed("aria-hidden", "true"),
            ],
        );
        for edge in &topology.edges {
            self.edge(edge, topology, &places);
        }
        for (place, at) in topology.places.iter().zip(&places) {
            self.place(place, *at, width(places.len()));
        }
        self.markup.literal("</svg></figure>\n");
        self.table(&topology.table);
        self.table(&topology.nodes);
    }

    fn place(&mut self, place: &Place, (x, y): (f64, f64), width: f64) {
        let height = HEIGHT;
        let class = match place.leads {
            true => "node leads",
            false => "node",
        };
        let frame = |inset: f64| {
            [
                Attribute::Fixed("class", class),
                Attribute::Number("x", x - width / 2.0 + inset),
                Attribute::Number("y", y - height / 2.0 + inset),
                Attribute::Number("width", width - 2.0 * inset),
                Attribute::Number("height", height - 2.0 * inset),
                Attribute::Fixed("rx", "6"),
            ]
        };
        self.markup.open("rect", &frame(0.0));
        self.markup.close("rect");
        if place.leads {
            self.markup.open("rect", &frame(3.0));
            self.markup.close("rect");
        }
        let name = layout::shorten(&place.name, NAME);
        let line = match place.role.is_empty() {
            true => y + 5.0,
            false => y - 3.0,
        };
        let at = |line: f64, class: &'static str| {
            [
                Attribute::Fixed("class", class),
                Attribute::Number("x", x),
                Attribute::Number("y", line),
            ]
        };
        self.markup.element("text", &at(line, "name"), &name);
        self.markup
            .element("text", &at(y + 14.0, "role"), &place.role);
        if let Some(severity) = place.trouble {
            self.mark(
                drawn_class(severity),
                Mark::Severity(severity),
                (x + width / 2.0, y - height / 2.0),
            );
        }
    }

    /// A mark whose middle is at a place.
    fn mark(&mut self, class: &'static str, mark: Mark, (x, y): (f64, f64)) {
        let attributes = [
            Attribute::Fixed("class", class),
            Attribute::Number("x", x - 8.0),
            Attribute::Number("y", y - 8.0),
            Attribute::Fixed("width", "16"),
            Attribute::Fixed("height", "16"),
            Attribute::Fixed("viewBox", "0 0 12 12"),
        ];
        self.markup.open("svg", &attributes);
        self.markup.literal(outline(mark));
        self.markup.close("svg");
    }

    /// An arrow from one node to the other; where both go, they lie side by side.
    fn edge(&mut self, edge: &Edge, topology: &Topology, places: &[(f64, f64)]) {
        let (Some(from), Some(to)) = (places.get(edge.from), places.get(edge.to)) else {
            return;
        };
        let both = topology
            .edges
            .iter()
            .any(|other| (other.from, other.to) == (edge.to, edge.from));
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let length = dx.hypot(dy).max(1.0);
        let (dx, dy) = (dx / length, dy / length);
        let aside = if both { 7.0 } else { 0.0 };
        let shifted = |(x, y): (f64, f64)| (x - dy * aside, y + dx * aside);
        let (from, to) = (shifted(*from), shifted(*to));
        let gap = rim(width(places.len()), dx, dy);
        let (begin, end) = (
            (from.0 + dx * gap, from.1 + dy * gap),
            (to.0 - dx * gap, to.1 - dy * gap),
        );
        let class = edge.broken.map_or("seen", drawn_class);
        self.markup.open("g", &[Attribute::Fixed("class", class)]);
        let attributes = [
            Attribute::Fixed("class", "way"),
            Attribute::Number("x1", begin.0),
            Attribute::Number("y1", begin.1),
            Attribute::Number("x2", end.0),
            Attribute::Number("y2", end.1),
        ];
        self.markup.open("line", &attributes);
        self.markup.close("line");
        let tip =
            |back: f64, side: f64| (end.0 - dx * back - dy * side, end.1 - dy * back + dx * side);
        let head = [end, tip(9.0, 4.5), tip(9.0, -4.5)];
        let attributes = [Attribute::Fixed("class", "tip"), Attribute::Points(&head)];
        self.markup.open("polygon", &attributes);
        self.markup.close("polygon");
        self.markup.close("g");
        if let Some(severity) = edge.broken {
            let middle = ((begin.0 + end.0) / 2.0, (begin.1 + end.1) / 2.0);
            self.mark(drawn_class(severity), Mark::Severity(severity), middle);
        }
    }
}

/// A place on a lane as part of the whole width.
fn along(part: f64) -> f64 {
    LEFT + part * (1.0 - LEFT - RIGHT)
}

/// How far the frame of a node is from its middle in a direction.
fn rim(width: f64, dx: f64, dy: f64) -> f64 {
    let sideways = width / 2.0 / dx.abs().max(1e-6);
    let upwards = HEIGHT / 2.0 / dy.abs().max(1e-6);
    sideways.min(upwards) + 4.0
}

/// Width of a node where there are so many.
fn width(count: usize) -> f64 {
    if count > 6 { 108.0 } else { 124.0 }
}

/// The middles of so many nodes, and the height that they need.
fn arranged(count: usize) -> (Vec<(f64, f64)>, f64) {
    let (middle, width) = (WIDTH / 2.0, width(count));
    match count {
        0 | 1 => (vec![(middle, 40.0); count], 80.0),
        2 => {
            let edge = width / 2.0 + 12.0;
            (vec![(edge, 40.0), (WIDTH - edge, 40.0)], 80.0)
        }
        _ => {
            let radius = (WIDTH - width) / 2.0 - 12.0;
            let tall = match count {
                3 | 4 => 80.0,
                5 | 6 => 170.0,
                _ => 210.0,
            };
            let center = tall + HEIGHT / 2.0 + 12.0;
            let place = |at: usize| {
                let angle = at as f64 / count as f64 * TAU;
                (middle + radius * angle.sin(), center - tall * angle.cos())
            };
            ((0..count).map(place).collect(), 2.0 * center)
        }
    }
}
