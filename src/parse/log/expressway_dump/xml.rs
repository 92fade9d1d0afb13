//! A tolerant reader of the XML dumps.
//!
//! It knows elements, attributes, text, comments and CDATA, and the five named and the numeric
//! references. Declarations are skipped: no entity is ever defined, so none can expand. What is
//! deeper than the limits is passed over; a document ends where text, a tag or a comment is longer
//! than any dump has.

use std::borrow::Cow;

use super::{MAX_TAG, REACH, ROOT_REACH, has_room};
use crate::parse::scan::text;

/// Elements inside one another; a dump has ten.
const MAX_DEPTH: usize = 16;
/// Bytes of an element name.
const MAX_NAME: usize = 128;

/// What the scanner meets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token<'l> {
    /// `<Name a="b">`; the flag says that it is closed at once (`<Name/>`).
    Open(&'l [u8], &'l [u8], bool),
    /// `</Name>`
    Close(&'l [u8]),
    /// Text between tags, as written.
    Text(&'l [u8]),
}

/// The tokens of a text, each with its offset and the offset behind it.
pub(super) struct Scanner<'l> {
    bytes: &'l [u8],
    at: usize,
}

impl<'l> Scanner<'l> {
    pub(super) fn new(bytes: &'l [u8], at: usize) -> Self {
        Self { bytes, at }
    }

    /// Skips a construct that ends with `end`; an unfinished one takes the rest.
    fn skip(&mut self, from: usize, end: &[u8]) {
        let rest = self.bytes.get(from..).unwrap_or_default();
        let rest = rest.get(..REACH).unwrap_or(rest);
        self.at = memchr::memmem::find(rest, end)
            .map_or(self.bytes.len(), |found| from + found + end.len());
    }

    /// End of a tag: the first `>` outside quotes.
    fn tag_end(&self, from: usize) -> Option<usize> {
        let mut quote = None;
        for (n, byte) in self.bytes.get(from..)?.iter().take(MAX_TAG).enumerate() {
            match (quote, byte) {
                (Some(open), byte) if open == *byte => quote = None,
                (None, b'"' | b'\'') => quote = Some(*byte),
                (None, b'>') => return Some(from + n),
                // a new tag: the quote was never closed
                (_, b'<') => return None,
                _ => {}
            }
        }
        None
    }
}

impl<'l> Iterator for Scanner<'l> {
    type Item = (usize, Token<'l>, usize);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let start = self.at;
            let rest = self.bytes.get(start..).filter(|rest| !rest.is_empty())?;
            let Some(rest) = rest.strip_prefix(b"<") else {
                let length = memchr::memchr(b'<', rest).unwrap_or(rest.len());
                self.at = start + length;
                return Some((start, Token::Text(rest.get(..length)?), self.at));
            };
            if rest.starts_with(b"!--") {
                self.skip(start + 4, b"-->");
                continue;
            }
            if let Some(body) = rest.strip_prefix(b"![CDATA[") {
                self.skip(start + 9, b"]]>");
                let length = (self.at - start).saturating_sub(9);
                let body = body.get(..length).unwrap_or(body);
                let body = body.strip_suffix(b"]]>").unwrap_or(body);
                return Some((start, Token::Text(body), self.at));
            }
            if rest.starts_with(b"?") || rest.starts_with(b"!") {
                self.skip(start + 1, b">");
                continue;
            }
            let Some(end) = self.tag_end(start + 1) else {
                // no tag: goes on behind the sign
                self.at = start + 1;
                continue;
            };
            self.at = end + 1;
            let tag = self.bytes.get(start + 1..end)?;
            if let Some(name) = tag.strip_prefix(b"/") {
                return Some((start, Token::Close(local(name.trim_ascii())), self.at));
            }
            let (tag, closed) = match tag.strip_suffix(b"/") {
                Some(tag) => (tag, true),
                None => (tag, false),
            };
            let length = tag
                .iter()
                .position(u8::is_ascii_whitespace)
                .unwrap_or(tag.len());
            let (name, attributes) = (tag.get(..length)?, tag.get(length..)?);
            if name.is_empty() || name.len() > MAX_NAME {
                continue;
            }
            return Some((start, Token::Open(local(name), attributes, closed), self.at));
        }
    }
}

/// The name without its prefix.
fn local(name: &[u8]) -> &[u8] {
    memchr::memrchr(b':', name)
        .and_then(|at| name.get(at + 1..))
        .unwrap_or(name)
}

/// The value of an attribute.
pub(super) fn attribute<'l>(attributes: &'l [u8], wanted: &[u8]) -> Option<&'l [u8]> {
    let mut rest = attributes;
    loop {
        rest = rest.trim_ascii_start();
        let equals = memchr::memchr(b'=', rest)?;
        let name = rest.get(..equals)?.trim_ascii();
        rest = rest.get(equals + 1..)?.trim_ascii_start();
        let quote = *rest.first().filter(|b| matches!(b, b'"' | b'\''))?;
        let value = rest.get(1..)?;
        let end = memchr::memchr(quote, value)?;
        if local(name).eq_ignore_ascii_case(wanted) {
            return value.get(..end);
        }
        rest = value.get(end + 1..)?;
    }
}

/// Text with its references replaced; unknown ones stay as they are.
pub(super) fn plain(raw: &[u8]) -> Cow<'_, str> {
    let raw = text(raw);
    if !raw.contains('&') {
        return raw;
    }
    let mut out = String::with_capacity(raw.len());
    let mut parts = raw.split('&');
    out.push_str(parts.next().unwrap_or_default());
    for part in parts {
        match part
            .split_once(';')
            .and_then(|(name, rest)| Some((reference(name)?, rest)))
        {
            Some((c, rest)) => {
                out.push(c);
                out.push_str(rest);
            }
            None => {
                out.push('&');
                out.push_str(part);
            }
        }
    }
    Cow::Owned(out)
}

fn reference(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let digits = name.strip_prefix('#')?;
            let code = match digits.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => digits.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

/// A step of the way to a leaf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step<'l> {
    pub(super) name: &'l [u8],
    pub(super) item: Option<&'l [u8]>,
    /// The element says that it may stand several times.
    pub(super) listed: bool,
}

/// An element with text and without children.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Leaf<'l> {
    /// From below the root.
    pub(super) path: Vec<Step<'l>>,
    pub(super) value: Cow<'l, str>,
    /// Where its tag begins, and the offset behind its end.
    pub(super) start: usize,
    pub(super) end: usize,
}

/// One document below its root element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Document<'l> {
    pub(super) root: &'l [u8],
    pub(super) attributes: &'l [u8],
    pub(super) leaves: Vec<Leaf<'l>>,
    /// Leaves beyond the limit.
    pub(super) dropped: u64,
    /// Offset of its root's tag.
    pub(super) start: usize,
    /// Offset behind its last tag.
    pub(super) end: usize,
}

/// Offset of the root element that stands at `at` or a little behind it.
pub(super) fn root(bytes: &[u8], at: usize, roots: &[&[u8]]) -> Option<usize> {
    let window = bytes.get(..at.saturating_add(ROOT_REACH)).unwrap_or(bytes);
    Scanner::new(window, at).find_map(|(start, token, _)| match token {
        Token::Open(name, ..) => roots
            .iter()
            .any(|root| name.eq_ignore_ascii_case(root))
            .then_some(start),
        _ => None,
    })
}

/// Reads the first document whose root is one of `roots`, from `at` on.
pub(super) fn document<'l>(bytes: &'l [u8], at: usize, roots: &[&[u8]]) -> Option<Document<'l>> {
    let mut tokens = Scanner::new(bytes, at);
    let mut found = tokens.find_map(|(start, token, end)| match token {
        Token::Open(name, attributes, closed)
            if roots.iter().any(|root| name.eq_ignore_ascii_case(root)) =>
        {
            Some((
                Document {
                    root: name,
                    attributes,
                    leaves: Vec::new(),
                    dropped: 0,
                    start,
                    end,
                },
                closed,
            ))
        }
        _ => None,
    })?;
    if found.1 {
        return Some(found.0);
    }
    let document = &mut found.0;
    let mut path: Vec<Step<'l>> = Vec::new();
    // elements too deep to be kept
    let mut deeper = 0_usize;
    // start of the innermost element while it has no child, and its text
    let mut open: Option<(usize, Cow<'l, str>)> = None;
    for (start, token, end) in tokens {
        document.end = end;
        match token {
            // where a text goes over several lines it could be cut in the middle
            Token::Text(raw) if raw.len() > REACH && raw.contains(&b'\n') => break,
            Token::Text(raw) => {
                if let Some((_, value)) = &mut open {
                    let more = plain(raw);
                    if value.is_empty() {
                        *value = more;
                    } else {
                        value.to_mut().push_str(&more);
                    }
                }
            }
            Token::Open(name, attributes, closed) => {
                if path.len() >= MAX_DEPTH || deeper > 0 {
                    deeper += usize::from(!closed);
                    open = None;
                    continue;
                }
                path.push(Step {
                    name,
                    item: attribute(attributes, b"item"),
                    listed: attribute(attributes, b"maxOccurrence").is_some(),
                });
                open = Some((start, Cow::Borrowed("")));
                if closed {
                    document.leaf(&mut path, open.take(), end);
                }
            }
            Token::Close(_) if deeper > 0 => deeper -= 1,
            Token::Close(name) => {
                if path.is_empty() {
                    break;
                }
                // a foreign end tag closes what it fits, or nothing
                let Some(fits) = path
                    .iter()
                    .rposition(|step| step.name.eq_ignore_ascii_case(name))
                else {
                    if name.eq_ignore_ascii_case(document.root) {
                        break;
                    }
                    continue;
                };
                path.truncate(fits + 1);
                document.leaf(&mut path, open.take(), end);
            }
        }
    }
    Some(found.0)
}

impl<'l> Document<'l> {
    /// Ends the innermost element; it is a leaf unless it had children.
    fn leaf(&mut self, path: &mut Vec<Step<'l>>, open: Option<(usize, Cow<'l, str>)>, end: usize) {
        let alarm = || {
            let named = |step: &Step<'_>| {
                step.name.eq_ignore_ascii_case(b"Alarm")
                    || step.name.eq_ignore_ascii_case(b"Warning")
            };
            path.iter().any(named)
        };
        let room = has_room(self.leaves.len(), alarm);
        self.dropped += u64::from(open.is_some() && !room);
        if let Some((start, value)) = open.filter(|_| room) {
            self.leaves.push(Leaf {
                path: path.clone(),
                value: match value {
                    Cow::Borrowed(value) => Cow::Borrowed(value.trim()),
                    Cow::Owned(value) => Cow::Owned(value.trim().to_owned()),
                },
                start,
                end,
            });
        }
        path.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves(xml: &str) -> Vec<String> {
        let document = document(xml.as_bytes(), 0, &[b"Status"]);
        let leaves = document.map_or_else(Vec::new, |document| document.leaves);
        leaves
            .iter()
            .map(|leaf| {
                let path: Vec<String> = leaf
                    .path
                    .iter()
                    .map(|step| {
                        format!(
                            "{}{}",
                            text(step.name),
                            step.item
                                .map_or(String::new(), |item| format!("[{}]", text(item)))
                        )
                    })
                    .collect();
                format!("{}={}", path.join("/"), leaf.value)
            })
            .collect()
    }

    #[test]
    fn elements_become_leaves() {
        assert_eq!(
            leaves(
                "<?xml version=\"1.0\"?><Status a='>'><A item=\"1\"><B item='2'> x </B><C/></A><D>y</D></Status><E>no</E>"
            ),
            ["A[1]/B[2]=x", "A[1]/C=", "D=y"]
        );
    }

    #[test]
    fn references_are_replaced_once_and_entities_never() {
        assert_eq!(plain(b"a&amp;lt;b&#65;&#x42;&nope;&"), "a&lt;bAB&nope;&");
        let bomb =
            "<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><Status><V>&b;</V></Status>";
        assert_eq!(leaves(bomb), ["V=&b;"]);
    }

    #[test]
    fn damage_is_survived() {
        for xml in [
            "<Status",
            "<Status>",
            "<Status><A",
            "<Status><A>1",
            "</Status>",
            "<Status></A></Status>",
            "<>",
            "<Status><A b=\"",
            "",
        ] {
            let _ = leaves(xml);
        }
        assert_eq!(leaves("<Status><A><B>1</B></X></A></Status>"), ["A/B=1"]);
        assert_eq!(
            leaves("<Status><A>1<![CDATA[<2>]]><!-- no -->3</A></Status>"),
            ["A=1<2>3"]
        );
        let deep = format!("<Status>{}", "<A>".repeat(100_000));
        assert!(leaves(&deep).is_empty());
        let closed = format!(
            "<Status>{}x{}<B>1</B></Status>",
            "<A>".repeat(100),
            "</A>".repeat(100)
        );
        assert_eq!(leaves(&closed).last().map(String::as_str), Some("B=1"));
    }
}
