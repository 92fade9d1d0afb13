//! Packets with the records beside them, as a table: who sent is told by the place of the arrow and
//! in words.

use super::{Attribute, Writer};
use crate::report::ladder::{Arrow, Capture, Line, Stress};

/// Arrows over the whole width of their column.
const FORTH: &str = concat!(
    "<svg class=\"arrow\" width=\"100%\" height=\"12\" aria-hidden=\"true\">",
    "<line x1=\"0\" x2=\"100%\" y1=\"6\" y2=\"6\"/>",
    "<svg x=\"100%\" overflow=\"visible\"><path d=\"M0 6-10 1V11Z\"/></svg></svg>"
);
const BACK: &str = concat!(
    "<svg class=\"arrow\" width=\"100%\" height=\"12\" aria-hidden=\"true\">",
    "<line x1=\"0\" x2=\"100%\" y1=\"6\" y2=\"6\"/><path d=\"M0 6 10 1V11Z\"/></svg>"
);
const BOTH: &str = concat!(
    "<svg class=\"arrow both\" width=\"100%\" height=\"12\" aria-hidden=\"true\">",
    "<line x1=\"0\" x2=\"100%\" y1=\"6\" y2=\"6\"/><path d=\"M0 6 10 1V11Z\"/>",
    "<svg x=\"100%\" overflow=\"visible\"><path d=\"M0 6-10 1V11Z\"/></svg></svg>"
);

impl Writer<'_> {
    pub(super) fn ladder(&mut self, capture: &Capture) {
        let [originator, responder] = &capture.ends;
        let label = self.locale.fill(
            "page.ladder_of",
            &[("originator", originator), ("responder", responder)],
        );
        self.markup.open(
            "div",
            &[
                Attribute::Fixed("class", "wide"),
                Attribute::Fixed("tabindex", "0"),
                Attribute::Fixed("role", "group"),
                Attribute::Label(&label),
            ],
        );
        self.markup.literal("<table class=\"ladder\"><thead><tr>");
        let keys = ["ladder.frame", "ladder.seconds"];
        for key in keys {
            let attributes = [
                Attribute::Fixed("scope", "col"),
                Attribute::Fixed("class", "number"),
            ];
            self.markup
                .element("th", &attributes, self.locale.word(key));
        }
        self.markup.literal("<th scope=\"col\" class=\"way\">");
        self.markup.element("span", &[], originator);
        self.markup.literal(" ");
        let other = Attribute::Fixed("class", "other");
        self.markup.element("span", &[other], responder);
        self.markup.literal("</th>");
        let says = self.locale.word("page.says");
        self.markup
            .element("th", &[Attribute::Fixed("scope", "col")], says);
        self.markup.literal("</tr></thead>\n<tbody>\n");
        for line in &capture.lines {
            self.rung(line, capture);
        }
        self.markup.literal("</tbody></table></div>\n");
    }

    fn rung(&mut self, line: &Line, capture: &Capture) {
        let class = match line.stress {
            Stress::Plain => "plain",
            Stress::Quiet => "quiet",
            Stress::Bad => "bad",
            Stress::Care => "care",
            Stress::Remark => "remark",
            Stress::Record => "log",
        };
        self.markup.open("tr", &[Attribute::Fixed("class", class)]);
        for cell in [&line.frame, &line.time] {
            self.markup
                .element("td", &[Attribute::Fixed("class", "number")], cell);
        }
        self.markup.literal("<td class=\"way\">");
        let [originator, responder] = &capture.ends;
        let (arrow, sender) = match line.arrow {
            Arrow::Forth => (FORTH, originator.as_str()),
            Arrow::Back => (BACK, responder.as_str()),
            Arrow::Both => (BOTH, ""),
            Arrow::None => ("", ""),
        };
        self.markup.literal(arrow);
        if !sender.is_empty() {
            let words = self.locale.fill("page.sent_by", &[("end", sender)]);
            let hidden = Attribute::Fixed("class", "unseen");
            self.markup.element("span", &[hidden], &words);
        }
        self.markup.literal("</td><td>");
        match line.stress {
            Stress::Record => {
                self.code(&line.place);
                if !line.assumed.is_empty() {
                    self.markup.literal(" (");
                    self.markup.text(&line.assumed);
                    self.markup.literal(")");
                }
                self.markup.literal("<br>");
                self.code(&line.text);
            }
            Stress::Bad | Stress::Care | Stress::Remark => {
                self.markup.element("strong", &[], &line.text);
            }
            Stress::Plain | Stress::Quiet => self.markup.text(&line.text),
        }
        self.markup.literal("</td></tr>\n");
    }
}
