//! What a single line of pasted text looks like.

use std::borrow::Cow;

use memchr::memmem;

use crate::parse::LogParser;
use crate::parse::log::cms_status;
use crate::parse::log::packet_list::PacketList;
use crate::parse::scan::NO_BREAK;

/// A line with plain blanks for those of web pages.
pub(super) fn breaking_blanks(raw: &[u8]) -> Cow<'_, [u8]> {
    if memmem::find(raw, NO_BREAK).is_none() {
        return Cow::Borrowed(raw);
    }
    let mut plain = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = memmem::find(rest, NO_BREAK) {
        plain.extend_from_slice(rest.get(..at).unwrap_or_default());
        plain.push(b' ');
        rest = rest.get(at + NO_BREAK.len()..).unwrap_or_default();
    }
    plain.extend_from_slice(rest);
    Cow::Owned(plain)
}

/// `2020-07-`, `Dst-`: broken behind a hyphen inside a word.
pub(super) fn ends_at_hyphen(text: &[u8]) -> bool {
    matches!(text, [.., before, b'-'] if before.is_ascii_alphanumeric())
}

/// An odd number of double quotes.
pub(super) fn has_open_quote(text: &[u8]) -> bool {
    memchr::memchr_iter(b'"', text).count() % 2 == 1
}

/// A `'` that opens a word and none that closes it, or a parenthesis that stays open.
pub(super) fn has_open_word(text: &[u8]) -> bool {
    let count = |wanted: u8| memchr::memchr_iter(wanted, text).count();
    if count(b'(') > count(b')') {
        return true;
    }
    let opens = |b: Option<&u8>| b.is_none_or(|b| b.is_ascii_whitespace() || b"(=:,".contains(b));
    let closes = |b: Option<&u8>| b.is_none_or(|b| b.is_ascii_whitespace() || b"),.;:".contains(b));
    let mut open = false;
    for at in memchr::memchr_iter(b'\'', text) {
        let before = at.checked_sub(1).and_then(|at| text.get(at));
        if open && closes(text.get(at + 1)) {
            open = false;
        } else if !open && opens(before) {
            open = true;
        }
    }
    open
}

/// A line that cannot begin anything: the pid behind a program, a fold of libpq.
pub(super) fn begins_inside(words: &[u8]) -> bool {
    let pid = || {
        let rest = words.strip_prefix(b"[")?;
        let digits = rest
            .iter()
            .position(|b| !b.is_ascii_digit())
            .filter(|n| *n > 0)?;
        Some(rest.get(digits..)?.starts_with(b"]:"))
    };
    words.starts_with(b"|") || words.starts_with(b"?|") || pid().unwrap_or(false)
}

/// A line in the middle of a sentence: a small letter, a quote or a sign that ends something first.
pub(super) fn goes_on(words: &[u8]) -> bool {
    words
        .first()
        .is_some_and(|b| b.is_ascii_lowercase() || b"\"(:,;)".contains(b))
}

/// The body of a message behind an Expressway record.
pub(super) fn is_body(words: &[u8]) -> bool {
    let words = words.trim_ascii();
    let marker = words
        .strip_suffix(b":")
        .is_some_and(|name| name.ends_with(b"MSG") || name.ends_with(b"PDU"));
    marker || words.first().is_some_and(|b| b"|<{".contains(b))
}

/// Fences, other alphabets, status screens and packets never belong to a record.
pub(super) fn is_foreign(words: &[u8]) -> bool {
    let words = words.trim_ascii();
    let letters = words.iter().filter(|b| b.is_ascii_alphabetic()).count();
    let others = words.iter().filter(|b| **b >= 0xC0).count();
    let fence = [
        b"```".as_slice(),
        b"~~~",
        b"<#root>",
        b"http://",
        b"https://",
    ];
    fence.iter().any(|fence| words.starts_with(fence))
        || others * 4 > letters
        || cms_status::begins(words)
        || PacketList.is_record_start(words)
}

/// A bullet, a heading or a numbered step.
pub(super) fn is_list_item(words: &[u8]) -> bool {
    let digits = words.iter().position(|b| !b.is_ascii_digit()).unwrap_or(0);
    let numbered = (1..=2).contains(&digits)
        && words
            .get(digits..)
            .is_some_and(|rest| rest.starts_with(b". "));
    numbered
        || [b"- ".as_slice(), b"* ", b"# ", b"## ", b"### "]
            .iter()
            .any(|mark| words.starts_with(mark))
}

/// Prose: a capital first, the end of a sentence last, words between.
pub(super) fn is_sentence(words: &[u8]) -> bool {
    let count = words
        .split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty())
        .count();
    words.first().is_some_and(u8::is_ascii_uppercase)
        && words.last().is_some_and(|b| b".:?!".contains(b))
        && !words.ends_with(b"...")
        && count > 3
        && !words.contains(&b'"')
        && !words.contains(&b'|')
}
