//! The only door to HTML: tags and names of attributes are ours, every text is escaped here.

use std::fmt::Write as _;

use crate::report::sanitize;

/// Longest text in one place, in characters; a page is no archive.
const LONGEST: usize = 4000;

/// HTML under construction. Nothing but literals of this program can be written unescaped.
#[derive(Debug, Default)]
pub(super) struct Markup {
    out: String,
}

/// An attribute. Its name is a literal, and a text of the input can only become a label.
#[derive(Clone, Copy, Debug)]
pub(super) enum Attribute<'a> {
    /// Name and value are literals.
    Fixed(&'static str, &'static str),
    /// A number.
    Number(&'static str, f64),
    /// Part of a whole, as a percentage.
    Percent(&'static str, f64),
    /// `id` of a place in the page.
    Id(Anchor),
    /// `href` to a place in the page.
    To(Anchor),
    /// `aria-label`, which may hold any text.
    Label(&'a str),
    /// What a cell is about, for pages without room for heads.
    About(&'a str),
    /// `aria-labelledby` a place in the page.
    LabelledBy(Anchor),
    /// `viewBox` from the origin: width and height.
    Box(f64, f64),
    /// Corners of a shape.
    Points(&'a [(f64, f64)]),
}

/// A place in the page. Its name is made here, of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Anchor(pub(super) usize);

impl Markup {
    /// What was written.
    pub(super) fn finish(self) -> String {
        self.out
    }

    /// Markup that is a literal of this program.
    pub(super) fn literal(&mut self, markup: &'static str) {
        self.out.push_str(markup);
    }

    /// A text, escaped.
    pub(super) fn text(&mut self, text: &str) {
        escape(text, &mut self.out);
    }

    /// A number.
    pub(super) fn number(&mut self, number: usize) {
        _ = write!(self.out, "{number}");
    }

    /// Opens an element.
    pub(super) fn open(&mut self, tag: &'static str, attributes: &[Attribute<'_>]) {
        self.out.push('<');
        self.out.push_str(tag);
        for attribute in attributes {
            self.attribute(*attribute);
        }
        self.out.push('>');
    }

    /// Closes an element.
    pub(super) fn close(&mut self, tag: &'static str) {
        self.out.push_str("</");
        self.out.push_str(tag);
        self.out.push('>');
    }

    /// An element that holds a text.
    pub(super) fn element(&mut self, tag: &'static str, attributes: &[Attribute<'_>], text: &str) {
        self.open(tag, attributes);
        self.text(text);
        self.close(tag);
    }

    fn attribute(&mut self, attribute: Attribute<'_>) {
        let out = &mut self.out;
        // memory takes everything
        _ = match attribute {
            Attribute::Fixed(name, value) => write!(out, " {name}=\"{value}\""),
            Attribute::Number(name, value) => write!(out, " {name}=\"{}\"", Short(value)),
            Attribute::Percent(name, part) => write!(out, " {name}=\"{}%\"", Short(part * 100.0)),
            Attribute::Box(width, height) => {
                write!(out, " viewBox=\"0 0 {} {}\"", Short(width), Short(height))
            }
            Attribute::Id(at) => write!(out, " id=\"p{}\"", at.0),
            Attribute::To(at) => write!(out, " href=\"#p{}\"", at.0),
            Attribute::LabelledBy(at) => write!(out, " aria-labelledby=\"p{}\"", at.0),
            Attribute::Label(text) => labelled("aria-label", text, out),
            Attribute::About(text) => labelled("data-about", text, out),
            Attribute::Points(points) => {
                out.push_str(" points=\"");
                for (x, y) in points {
                    _ = write!(out, "{},{} ", Short(*x), Short(*y));
                }
                write!(out, "\"")
            }
        };
    }
}

fn labelled(name: &'static str, text: &str, out: &mut String) -> std::fmt::Result {
    write!(out, " {name}=\"")?;
    escape(text, out);
    write!(out, "\"")
}

/// A number with at most two digits behind its point.
struct Short(f64);

impl std::fmt::Display for Short {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = format!("{:.2}", self.0);
        f.write_str(text.trim_end_matches('0').trim_end_matches('.'))
    }
}

/// Writes a text so that no character of it is markup, in an element or in a quoted attribute, and
/// none is hidden. What is too long ends in `…`.
fn escape(text: &str, out: &mut String) {
    for (at, c) in sanitize::line(text).chars().enumerate() {
        if at >= LONGEST {
            out.push('…');
            return;
        }
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // some readers take it for a quote
            '`' => out.push_str("&#96;"),
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn escaped(text: &str) -> String {
        let mut markup = Markup::default();
        markup.text(text);
        markup.finish()
    }

    #[test]
    fn markup_stays_text() {
        assert_eq!(
            escaped("<script>alert('1')</script> & \"x\" `y`"),
            "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt; &amp; &quot;x&quot; &#96;y&#96;"
        );
        assert_eq!(escaped("]]></style>&#60;"), "]]&gt;&lt;/style&gt;&amp;#60;");
        assert_eq!(
            escaped("a\u{202e}b\0\u{1b}[2J\n"),
            "a\\u{202e}b\\x00\\x1b[2J\\n"
        );
    }

    #[test]
    fn a_label_cannot_leave_its_attribute() {
        let mut markup = Markup::default();
        markup.open("svg", &[Attribute::Label("\" onload=\"x()\"><b>")]);
        assert_eq!(
            markup.finish(),
            "<svg aria-label=\"&quot; onload=&quot;x()&quot;&gt;&lt;b&gt;\">"
        );
    }

    #[test]
    fn numbers_are_short() {
        let mut markup = Markup::default();
        markup.open(
            "rect",
            &[
                Attribute::Percent("x", 1.0 / 3.0),
                Attribute::Number("y", 10.0),
                Attribute::Number("z", f64::NAN),
                Attribute::Points(&[(1.0, 2.5)]),
            ],
        );
        assert_eq!(
            markup.finish(),
            "<rect x=\"33.33%\" y=\"10\" z=\"NaN\" points=\"1,2.5 \">"
        );
    }

    #[test]
    fn what_is_too_long_is_cut() {
        let text = escaped(&"<".repeat(LONGEST + 5));
        assert_eq!(text.len(), LONGEST * 4 + '…'.len_utf8());
        assert!(text.ends_with("&lt;…"));
    }

    proptest! {
        #[test]
        fn no_text_is_markup(text in any::<String>()) {
            let safe = escaped(&text);
            prop_assert!(!safe.contains(['<', '>', '"', '\'', '`']));
            for rest in safe.split('&').skip(1) {
                let known = ["amp;", "lt;", "gt;", "quot;", "#39;", "#96;"];
                prop_assert!(known.iter().any(|entity| rest.starts_with(entity)));
            }
        }

        #[test]
        fn the_text_can_be_read_back(text in "[a-z<>&\"'`; #0-9]{0,60}") {
            let back = escaped(&text)
                .replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"")
                .replace("&#39;", "'").replace("&#96;", "`").replace("&amp;", "&");
            prop_assert_eq!(back, text);
        }
    }
}
