//! Marks of the medium through which a text was pasted: tags and entities of web pages, emphasis
//! and bullets of Markdown, the blanks, quotes and dashes that word processors put for plain ones.
//!
//! ```text
//! <b>Status</b>&nbsp;: Error<br>      * **Status** : Error      “Status”：Error
//! ```
//!
//! Judged once by the first bytes, each kind for itself. A kind of mark goes only when the text
//! is no log as it stands and one without it, or at a rate that no log has: logs quote tags,
//! entities and names of people too. In doubt a text stays as it is.

use std::borrow::Cow;

use crate::parse::log::cms_status::CmsStatus;
use crate::parse::margin::holds_record;
use crate::parse::scan::{BYTE_ORDER_MARK, Cursor, chomp, is_blank, lines};
use crate::parse::{LOG_PARSERS, LogParser, Probe};

/// Longest tag and longest entity.
const MAX_TAG: usize = 512;
const MAX_ENTITY: usize = 10;

/// Tags behind and before which a line ends.
const BREAKS: &[&str] = &[
    "br",
    "p",
    "div",
    "li",
    "ul",
    "ol",
    "tr",
    "table",
    "pre",
    "hr",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "html",
    "head",
    "body",
    "title",
    "blockquote",
    "tbody",
    "thead",
];
/// Tags that part words.
const CELLS: &[&str] = &["td", "th"];
/// Tags that dress words.
const INLINE: &[&str] = &[
    "a", "b", "strong", "i", "em", "u", "s", "code", "tt", "kbd", "samp", "span", "font", "small",
    "big", "mark", "sup", "sub", "meta", "o:p", "wbr",
];
const NAMES: &[(&str, char)] = &[
    ("lt", '<'),
    ("gt", '>'),
    ("amp", '&'),
    ("quot", '"'),
    ("apos", '\''),
    ("nbsp", '\u{a0}'),
    ("ndash", '–'),
    ("mdash", '—'),
    ("lsquo", '‘'),
    ("rsquo", '’'),
    ("ldquo", '“'),
    ("rdquo", '”'),
    ("bull", '•'),
];
const BULLETS: &[&str] = &["-", "*", "+", "•", "·", "◦", "▪", "●", "‣"];

/// The kinds of marks that are taken off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Markup {
    tags: bool,
    entities: bool,
    /// Emphasis, code and bullets.
    markdown: bool,
    /// Characters that stand for plain ones, or for nothing.
    signs: bool,
}

const NONE: Markup = Markup {
    tags: false,
    entities: false,
    markdown: false,
    signs: false,
};
const TAGS: Markup = Markup { tags: true, ..NONE };
const ENTITIES: Markup = Markup {
    entities: true,
    ..NONE
};
const MARKDOWN: Markup = Markup {
    markdown: true,
    ..NONE
};
const SIGNS: Markup = Markup {
    signs: true,
    ..NONE
};

impl Markup {
    /// Learnt from the first bytes of a text.
    pub(super) fn of(head: &[u8]) -> Self {
        let head = head.strip_prefix(BYTE_ORDER_MARK).unwrap_or(head);
        let all = Self::present(head);
        if all.is_none() {
            return all;
        }
        let (raw, bare) = (Found::of(head), Found::of(&all.strip_all(head)));
        let screen = bare.screen && raw.records == 0;
        if bare.records == raw.records && (screen || bare.recognised(&raw)) {
            return all;
        }
        let won = bare.records >= raw.records * 2 || (bare.first && !raw.first);
        let needed = |fewer: Self| {
            won && fewer != all && Found::of(&fewer.strip_all(head)).records < bare.records
        };
        Self {
            tags: needed(Self { tags: false, ..all }) || (all.tags && ends_in_tags(head)),
            entities: needed(Self {
                entities: false,
                ..all
            }) || (all.entities && is_escaped(head)),
            markdown: needed(Self {
                markdown: false,
                ..all
            }),
            signs: needed(Self {
                signs: false,
                ..all
            }) || (all.signs && is_typeset(head)),
        }
    }

    /// The kinds of which a text holds any; not those it also uses in their plain sense.
    fn present(head: &[u8]) -> Self {
        let plain = TAGS.strip_all(head);
        let foreign = memchr::memchr_iter(b'<', &plain)
            .filter_map(|at| plain.get(at + 1))
            .any(|next| next.is_ascii_alphabetic() || matches!(next, b'/' | b'?'));
        let text: &[u8] = if foreign { head } else { &plain };
        let holds = |kind: Self| kind.strip_all(text) != text;
        Self {
            tags: !foreign && plain != head,
            entities: memchr::memchr(b'<', text).is_none() && holds(ENTITIES),
            markdown: holds(MARKDOWN),
            signs: !text.is_ascii() && holds(SIGNS),
        }
    }

    /// Nothing is to be taken off.
    pub(super) fn is_none(self) -> bool {
        self == NONE
    }

    /// One line of the text may be several.
    pub(super) fn parts_lines(self) -> bool {
        self.tags
    }

    /// A text of several lines without the marks.
    pub(super) fn strip_all(self, text: &[u8]) -> Cow<'_, [u8]> {
        if self.is_none() {
            return Cow::Borrowed(text);
        }
        let mut plain = Vec::with_capacity(text.len());
        for line in text.split_inclusive(|b| *b == b'\n') {
            plain.extend_from_slice(&self.strip(line));
        }
        Cow::Owned(plain)
    }

    /// One line without the marks, its terminator kept; several where tags end a line.
    pub(super) fn strip(self, line: &[u8]) -> Cow<'_, [u8]> {
        let body = chomp(line);
        let marked = |b: &u8| matches!(b, b'<' | b'&' | b'*' | b'`' | b'_' | 0x80..);
        if !(body.iter().any(marked) || self.markdown) {
            return Cow::Borrowed(line);
        }
        let mut plain = self.characters(body);
        if self.markdown {
            let pieces = plain.split(|b| *b == b'\n').map(without_markdown);
            plain = pieces.collect::<Vec<_>>().join(&b'\n');
        }
        plain.extend_from_slice(line.get(body.len()..).unwrap_or_default());
        Cow::Owned(plain)
    }

    /// Without tags, entities and signs.
    fn characters(self, body: &[u8]) -> Vec<u8> {
        let mut plain = Vec::with_capacity(body.len());
        let mut rest = body;
        while let Some((first, behind)) = rest.split_first() {
            let found = match first {
                b'<' if self.tags => tag(rest).map(|(text, n)| (Cow::Borrowed(text), n)),
                b'&' if self.entities => entity(rest),
                0x80.. if self.signs => sign(rest),
                _ => None,
            };
            let Some((text, length)) = found else {
                plain.push(*first);
                rest = behind;
                continue;
            };
            // a line ends once, and only where there is one
            if text != "\n" || plain.last().is_some_and(|b| *b != b'\n') {
                plain.extend_from_slice(text.as_bytes());
            }
            rest = body_at(rest, length);
        }
        if plain.ends_with(b"\n") {
            plain.pop();
        }
        plain
    }
}

fn body_at(text: &[u8], at: usize) -> &[u8] {
    text.get(at..).unwrap_or_default()
}

/// What is found in a text.
struct Found {
    /// Records of logs.
    records: usize,
    /// The first line is one.
    first: bool,
    /// A screen of `database cluster status` is among it.
    screen: bool,
    probes: Vec<Probe>,
}

impl Found {
    fn of(text: &[u8]) -> Self {
        let mut all = lines(text).filter(|(_, line)| !is_blank(line)).peekable();
        let first = all.peek().is_some_and(|(_, line)| holds_record(line));
        Self {
            records: all.filter(|(_, line)| holds_record(line)).count(),
            first,
            screen: CmsStatus.probe(text) > Probe::NotForUs,
            probes: LOG_PARSERS.iter().map(|p| p.probe(text)).collect(),
        }
    }

    /// A format is found that `other` has nothing of, and every one that it has.
    fn recognised(&self, other: &Self) -> bool {
        let pairs = || self.probes.iter().zip(&other.probes);
        let none = Probe::NotForUs;
        self.records == 0
            && pairs().any(|(own, other)| *own > none && *other == none)
            && pairs().all(|(own, other)| own >= other)
    }
}

/// At least half of the lines, and not just one, are so.
fn mostly(head: &[u8], wanted: impl Fn(&[u8]) -> bool) -> bool {
    let all = || lines(head).filter(|(_, line)| !is_blank(line));
    let count = all().filter(|(_, line)| wanted(line)).count();
    count > 1 && count * 2 >= all().count()
}

fn ends_in_tags(head: &[u8]) -> bool {
    mostly(head, |line| {
        let line = line.trim_ascii_end();
        let open = memchr::memrchr(b'<', line).map(|at| body_at(line, at));
        open.is_some_and(|last| tag(last).is_some_and(|(_, length)| length == last.len()))
    })
}

/// All quotes are entities, or half of most pairs of blanks is.
fn is_escaped(head: &[u8]) -> bool {
    let plain = TAGS.strip_all(head);
    let has = |text: &[u8], part: &str| memchr::memmem::find(text, part.as_bytes()).is_some();
    let opens =
        |quote: &&str| has(&plain, &format!("={quote}")) || has(&plain, &format!(" {quote}"));
    let quotes = ["&quot;", "&#34;", "&#x22;"].iter().any(opens);
    (quotes && !plain.contains(&b'"')) || mostly(&plain, |line| has(line, "&nbsp; "))
}

/// All quotes of values and addresses are those of print, or most lines have more blanks of print
/// than plain ones.
fn is_typeset(head: &[u8]) -> bool {
    let opens = |at: usize| {
        let before = at.checked_sub(1).and_then(|at| head.get(at));
        before == Some(&b'=') || head.get(at + "“".len()).is_some_and(u8::is_ascii_digit)
    };
    let quotes = ["“", "”"]
        .iter()
        .any(|quote| memchr::memmem::find_iter(head, quote.as_bytes()).any(opens))
        && !head.contains(&b'"');
    quotes
        || mostly(head, |line| {
            let text = String::from_utf8_lossy(line);
            let foreign = |c: &char| !c.is_ascii() && matches!(typed(*c, b""), Some(" " | ""));
            text.chars().filter(foreign).count() > text.matches(' ').count()
        })
}

/// What stands for a tag at the begin of the text, and its length.
fn tag(text: &[u8]) -> Option<(&'static str, usize)> {
    let end = memchr::memchr(b'>', text.get(..MAX_TAG).unwrap_or(text))?;
    let inner = text.get(1..end)?;
    let inner = inner.strip_prefix(b"/").unwrap_or(inner);
    let name = inner
        .split(|b| b.is_ascii_whitespace() || *b == b'/')
        .next()?;
    let among = |names: &[&str]| {
        names
            .iter()
            .any(|n| name.eq_ignore_ascii_case(n.as_bytes()))
    };
    let text = match () {
        () if among(BREAKS) => "\n",
        () if among(CELLS) => " ",
        () if among(INLINE) => "",
        () => return None,
    };
    Some((text, end + 1))
}

/// What an entity at the begin of the text stands for, and its length.
fn entity(text: &[u8]) -> Option<(Cow<'static, str>, usize)> {
    let end = memchr::memchr(b';', text.get(..MAX_ENTITY).unwrap_or(text))?;
    let name = std::str::from_utf8(text.get(1..end)?).ok()?;
    let named = NAMES.iter().find(|(known, _)| *known == name);
    let character = match (named, name.strip_prefix('#')) {
        (Some((_, character)), _) => *character,
        (None, Some(number)) => {
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code).filter(|c| !c.is_control())?
        }
        _ => return None,
    };
    let typed = typed(character, body_at(text, end + 1)).map(Cow::Borrowed);
    let text = typed.unwrap_or_else(|| character.to_string().into());
    Some((text, end + 1))
}

/// What is meant by a character that is no ASCII at the begin of the text, and its length.
fn sign(text: &[u8]) -> Option<(Cow<'static, str>, usize)> {
    let window = text.get(..4).unwrap_or(text);
    let character = window.utf8_chunks().next()?.valid().chars().next()?;
    let length = character.len_utf8();
    typed(character, body_at(text, length)).map(|typed| (Cow::Borrowed(typed), length))
}

/// What a keyboard has for a character of print, with what stands `behind` it.
fn typed(character: char, behind: &[u8]) -> Option<&'static str> {
    const ASCII: &str = "!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ\
                         [\\]^_`abcdefghijklmnopqrstuvwxyz{|}~";
    Some(match character {
        '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => " ",
        // soft hyphens, marks of width and direction
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' => "",
        '\u{2060}' | '\u{2066}'..='\u{2069}' | '\u{feff}' => "",
        '“' | '”' | '„' | '‟' | '″' => "\"",
        '‘' | '’' | '‚' | '‛' | '′' => "'",
        '\u{2010}'..='\u{2015}' | '\u{2212}' => "-",
        // it is as wide as a colon and a blank
        '：' if behind.first().is_some_and(u8::is_ascii_uppercase) => ": ",
        '！'..='～' => {
            let at = usize::try_from(u32::from(character) - u32::from('！')).ok()?;
            ASCII.get(at..=at)?
        }
        _ => return None,
    })
}

/// A line without a bullet before it and without delimiters of emphasis and code.
fn without_markdown(line: &[u8]) -> Vec<u8> {
    let words = line.trim_ascii();
    if words.starts_with(b"```") || words.starts_with(b"~~~") {
        return Vec::new();
    }
    let mut plain = unlisted(line).to_vec();
    for mark in [b'`', b'*', b'_'] {
        let runs = delimiters(&plain, mark);
        let edge = |run: &&(usize, usize)| {
            is_blank(plain.get(..run.0).unwrap_or_default()) || is_blank(body_at(&plain, run.1))
        };
        // one alone has its fellow on another line
        let taken: Vec<_> = match runs.len() % 2 {
            0 => runs,
            _ => runs.iter().filter(edge).copied().collect(),
        };
        for (start, end) in taken.into_iter().rev() {
            plain.drain(start..end);
        }
    }
    plain
}

/// A line without its bullet or number.
fn unlisted(line: &[u8]) -> &[u8] {
    let words = line.trim_ascii_start();
    let mut cursor = Cursor::new(words);
    let bullet = BULLETS
        .iter()
        .any(|bullet| cursor.literal(bullet.as_bytes()))
        || (cursor.number(1, 3).is_some() && (cursor.eat(b'.') || cursor.eat(b')')));
    if bullet && cursor.blanks() > 0 {
        cursor.rest()
    } else {
        line
    }
}

/// Runs of a mark that stand at one side of a word: never alone, never inside one.
fn delimiters(text: &[u8], mark: u8) -> Vec<(usize, usize)> {
    let mut runs = Vec::new();
    let mut cursor = Cursor::new(text);
    while cursor.peek().is_some() {
        cursor.skip_while(|b| b != mark);
        let start = cursor.at;
        if cursor.skip_while(|b| b == mark) == 0 {
            break;
        }
        let before = start.checked_sub(1).and_then(|at| text.get(at));
        let behind = text.get(cursor.at);
        let sides = [before, behind].map(|side| side.is_none_or(u8::is_ascii_whitespace));
        let open = before.is_some_and(|b| b"('\"*_`".contains(b));
        let close = behind.is_some_and(|b| b")'\":,;.*_`".contains(b));
        // code keeps the blanks in it
        let code = mark == b'`' && (before.is_none() || behind.is_none());
        if code || sides[0] != sides[1] || (sides == [false; 2] && open != close) {
            runs.push((start, cursor.at));
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;
    use crate::parse::chunk::Chunker;
    use crate::parse::margin::Margin;
    use crate::parse::{Choice, choose};

    const RECORD: &str = "Mar 31 10:16:59 user.info cms1 sfpool:  Health check 10.0.0.1: ok\n";

    /// What a text is read as.
    fn plain(text: &str) -> String {
        let plain = Markup::of(text.as_bytes())
            .strip_all(text.as_bytes())
            .into_owned();
        String::from_utf8(plain).unwrap()
    }

    fn unmarked(kind: Markup, text: &str) -> String {
        let plain = kind.strip_all(text.as_bytes()).into_owned();
        String::from_utf8(plain).unwrap()
    }

    fn inputs(folder: &Path, of: &mut dyn FnMut(&Path)) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                inputs(&path, of);
            } else if path.iter().any(|part| part == "input") {
                of(&path);
            }
        }
    }

    #[test]
    fn samples_are_left_alone() {
        let (mut marked, mut all) = (Vec::new(), 0);
        inputs(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join("samples"),
            &mut |path| {
                let text = std::fs::read(path).unwrap();
                all += 1;
                if !Markup::of(text.get(..1 << 16).unwrap_or(&text)).is_none() {
                    marked.push(path.to_owned());
                }
            },
        );
        assert!(all > 100, "{all}");
        assert!(marked.is_empty(), "{marked:?}");
    }

    #[test]
    fn logs_may_quote_what_they_like() {
        let expressway = |value: &str| {
            format!(
                "2020-08-12T14:57:43.353-05:00 expc01 tvcs: UTCTime=\"2020-08-12 19:57:43,353\" \
                 Module=\"m\" PID=\"<0.159.0>\" Detail=\"{value}\"\n"
            )
        };
        for value in [
            "<br>",
            "a<br>b",
            "&lt;xml&gt;&amp;&quot;",
            "&nbsp;",
            "<b>Status</b> : Error",
            "**x** `y` _sip._tcp",
            "“Ann’s room”",
            "회의\u{3000}\u{a0}\u{200b}",
            "<sip:a@b>",
        ] {
            let syslog = RECORD.replace("ok", value);
            let both = RECORD.repeat(3) + &RECORD.replace("ok", "&quot;") + "  \"x\" <y>\n";
            for text in [
                expressway(value),
                expressway(value).repeat(3),
                syslog.repeat(3),
                both,
            ] {
                if value == "<br>" && text.starts_with("Mar") {
                    continue;
                }
                assert_eq!(plain(&text), text);
            }
        }
        for text in [
            "<alarms total=\"1\"><alarm id=\"1\"><type>a &amp; b</type></alarm></alarms>\n",
            "- prose\n* **bold** prose &lt; &nbsp; <b>x</b><br>\n",
            "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
            "",
        ] {
            assert_eq!(plain(text), text);
        }
    }

    #[test]
    fn each_kind_of_mark_is_read_as_what_it_stands_for() {
        assert_eq!(
            unmarked(TAGS, "<P>a<br/>b</P>\r\n<x> <0.1.0>\n"),
            "a\nb\r\n<x> <0.1.0>\n"
        );
        assert_eq!(unmarked(TAGS, "<tr><td>a</td><td>b</td></tr>"), " a  b ");
        assert_eq!(
            unmarked(
                ENTITIES,
                "&lt;&#62;&amp;gt;&#xAC00;&nbsp;&ldquo;&#8203;&#27;&#10;&x;&"
            ),
            "<>&gt;가 \"&#27;&#10;&x;&"
        );
        assert_eq!(
            unmarked(SIGNS, "10：16：59 a：B（me）：\u{200b}c\u{2013}d “e” 상태"),
            "10:16:59 a: B(me):c-d \"e\" 상태"
        );
        assert_eq!(
            unmarked(
                MARKDOWN,
                "- **a** : `b_c` *d* _sip._tcp. 2 * 3\n12) x\n```sh\n** y\nz`\n"
            ),
            "a : b_c d _sip._tcp. 2 * 3\nx\n\n** y\nz\n"
        );
    }

    #[test]
    fn lines_keep_the_numbers_of_the_file() {
        let wide = "Mar 31 10:16:59 user.info cms1 sfpool:  Health check 10.0.0.1:\nok (up)\n";
        for (text, repair) in [
            (
                RECORD.repeat(2).replace('\n', "<br>") + "\n\n<p>" + RECORD,
                false,
            ),
            (
                RECORD.repeat(2).replace('\n', "<br>") + "\n\n<p>" + wide,
                true,
            ),
        ] {
            let margin = Margin::of(text.as_bytes());
            let plain = margin.strip_all(text.as_bytes()).into_owned();
            let parsers = choose(&plain).unwrap().parsers;
            for size in 1..9 {
                let choice = Choice {
                    parsers: parsers.clone(),
                    repair,
                };
                let mut chunker = Chunker::new(&choice, 80);
                chunker.start_at(10);
                chunker.strip(margin);
                let mut found = Vec::new();
                let mut take = |chunk: crate::parse::chunk::Chunk| {
                    for (at, line) in lines(&chunk.bytes).filter(|(_, line)| !is_blank(line)) {
                        assert!(holds_record(line));
                        found.push(chunk.line_at(at));
                    }
                };
                for block in text.as_bytes().chunks(size) {
                    chunker.push(block, &mut take);
                }
                chunker.finish(&mut take);
                assert_eq!(found, [10, 10, 12], "{text}");
                assert_eq!(chunker.lines(), 9 + text.lines().count() as u64);
            }
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read(words in prop::collection::vec(prop::sample::select(vec![
            "<b>", "</b>", "<br>", "<p", ">", "&lt;", "&#", "62;", "&", "**", "`", "_", "- ", "“", "：",
            "\u{200b}", "Status", " : ", "\n", "\r\n", "x", "Mar 31 10:16:59 user.info a b: c", "\0",
        ]), 0..60), cut in 0..400_usize) {
            let text = words.concat().into_bytes();
            let text = text.get(..cut).unwrap_or(&text);
            Markup::of(text);
            for kind in [TAGS, ENTITIES, MARKDOWN, SIGNS] {
                let plain = kind.strip_all(text).into_owned();
                let count = |text: &[u8]| text.iter().filter(|b| **b == b'\n').count();
                prop_assert!(count(&plain) >= count(text));
            }
        }
    }
}
