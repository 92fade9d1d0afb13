//! Text in columns of a terminal: how wide it is, where it breaks, what is left out.
//!
//! Widths are columns, not bytes or characters: a Hangul syllable takes two. Texts are expected
//! to have passed [`sanitize`](crate::report::sanitize).

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Stands for what was left out.
const GAP: &str = "…";

/// Columns that a text takes.
pub fn width(text: &str) -> usize {
    text.width()
}

/// The text, filled with spaces to `columns`.
pub fn pad(text: &str, columns: usize) -> String {
    let fill = columns.saturating_sub(width(text));
    format!("{text}{}", " ".repeat(fill))
}

/// The text cut at its end to at most `columns`; `…` shows the cut.
pub fn shorten(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut out = head(text, columns.saturating_sub(1)).trim_end().to_owned();
    if columns > 0 {
        out.push_str(GAP);
    }
    out
}

/// The path cut in its middle to at most `columns`, at `/` where it can be: the bundle and the
/// file's own name are what a reader looks for. Of a member of an archive the end of the archive's
/// name stays: `…diag.tar.gz!/…/syslog`.
pub fn shorten_path(path: &str, columns: usize) -> String {
    if width(path) <= columns {
        return path.to_owned();
    }
    if let Some(short) = shorten_member(path, columns) {
        return short;
    }
    let room = columns.saturating_sub(1);
    let first = path.find('/').and_then(|at| path.get(..=at)).unwrap_or("");
    let tails = path.match_indices('/').filter_map(|(at, _)| path.get(at..));
    let fits = |lead: &str| {
        tails
            .clone()
            .find(|tail| width(lead) + width(tail) <= room)
            .map(|tail| format!("{lead}{GAP}{tail}"))
    };
    fits(first)
        .or_else(|| fits(""))
        .unwrap_or_else(|| format!("{GAP}{}", tail(path, room)))
}

/// A path into an archive, cut before, in and after the outermost archive's name as far as needed;
/// none when it is no such path or there is no room for both ends.
fn shorten_member(path: &str, columns: usize) -> Option<String> {
    const LEAST: usize = 12;
    let end = path.find(MEMBER)? + MEMBER.len();
    let (archive, member) = (path.get(..end)?, path.get(end..)?);
    let tails = || {
        member
            .match_indices('/')
            .filter_map(|(at, _)| Some(format!("{GAP}{}", member.get(at..)?)))
    };
    let fits = |lead: &str| {
        std::iter::once(member.to_owned())
            .chain(tails())
            .find(|tail| width(lead) + width(tail) <= columns)
            .map(|tail| format!("{lead}{tail}"))
    };
    let name = archive
        .trim_end_matches(MEMBER)
        .rfind('/')
        .and_then(|at| archive.get(at..));
    fits(archive)
        .or_else(|| fits(&format!("{GAP}{}", name?)))
        .or_else(|| {
            let last = tails().next_back().unwrap_or_else(|| member.to_owned());
            let room = columns.checked_sub(width(&last) + 1)?;
            (room >= LEAST).then(|| format!("{GAP}{}{last}", tail(archive, room)))
        })
}

/// Between an archive and the path of its member.
const MEMBER: &str = "!/";

/// Bytes of what a list item starts with: `1. ` or `- `, and blanks before it.
pub fn item_lead(line: &str) -> usize {
    let item = line.trim_start_matches(' ');
    let digits = item.len() - item.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let mark = item.split_at_checked(digits).map_or("", |(_, rest)| rest);
    if digits > 0 && digits <= 3 && mark.starts_with(". ") {
        line.len() - item.len() + digits + 2
    } else if item.starts_with("- ") {
        line.len() - item.len() + 2
    } else {
        0
    }
}

/// Breaks a text into lines of at most `columns`: at its own line feeds, at spaces, and inside a
/// word only when the word alone is wider than a line. An empty text gives no line.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(2);
    let mut out = Vec::new();
    for paragraph in text.lines() {
        let indent: String = paragraph
            .chars()
            .take_while(|c| *c == ' ')
            .take(columns / 2)
            .collect();
        let mut line = indent;
        let mut empty = true;
        for word in paragraph.split(' ').filter(|word| !word.is_empty()) {
            if !empty && width(&line) + 1 + width(word) > columns {
                out.push(std::mem::take(&mut line));
                empty = true;
            }
            if !empty {
                line.push(' ');
            }
            let mut rest = word;
            while width(&line) + width(rest) > columns {
                let part = head(rest, columns.saturating_sub(width(&line)));
                // a character wider than the room that is left goes to the next line, and one
                // wider than a whole line cannot be, as a line has two columns at least
                line.push_str(part);
                out.push(std::mem::take(&mut line));
                rest = rest.get(part.len()..).unwrap_or("");
            }
            line.push_str(rest);
            empty = false;
        }
        out.push(line);
    }
    out
}

/// [`wrap`] into at most `rows` lines, the last one cut with `…`.
pub fn wrap_rows(text: &str, columns: usize, rows: usize) -> Vec<String> {
    let mut out = wrap(text, columns);
    if out.len() > rows {
        out.truncate(rows);
        if let Some(last) = out.last_mut() {
            *last = if width(last) + 2 <= columns {
                format!("{last} {GAP}")
            } else {
                format!("{}{GAP}", head(last, columns.saturating_sub(1)).trim_end())
            };
        }
    }
    out
}

/// The longest start of a text that fits.
fn head(text: &str, columns: usize) -> &str {
    let mut used = 0;
    for (at, c) in text.char_indices() {
        used += c.width().unwrap_or(0);
        if used > columns {
            return text.get(..at).unwrap_or("");
        }
    }
    text
}

/// The longest end of a text that fits.
fn tail(text: &str, columns: usize) -> &str {
    let mut used = 0;
    for (at, c) in text.char_indices().rev() {
        used += c.width().unwrap_or(0);
        if used > columns {
            return text.get(at + c.len_utf8()..).unwrap_or("");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn wide_characters_count_twice() {
        assert_eq!(width("가나"), 4);
        assert_eq!(shorten("가나다라", 5), "가나…");
        assert_eq!(shorten("abcd", 4), "abcd");
        assert_eq!(shorten("abcd", 0), "");
        assert_eq!(pad("가", 4), "가  ");
    }

    #[test]
    fn paths_keep_their_ends() {
        assert_eq!(
            shorten_path("diag.tar.gz!/a/b/c/opt/log/developer_log.txt:12", 40),
            "diag.tar.gz!/…/log/developer_log.txt:12"
        );
        assert_eq!(
            shorten_path("a/very-long-file-name-indeed.txt:3", 12),
            "…ndeed.txt:3"
        );
        assert_eq!(
            shorten_path(
                "some/long/folder/diag.zip!/inner.tar.gz!/var/log/syslog:12",
                34
            ),
            "…/diag.zip!/…/var/log/syslog:12"
        );
        assert_eq!(
            shorten_path(
                "in/expressway-cluster.zip!/a.tar.gz!/snapshot_expc01_2020.txt:17",
                46
            ),
            "…ay-cluster.zip!/…/snapshot_expc01_2020.txt:17"
        );
        assert_eq!(shorten_path("/", 1), "/");
    }

    #[test]
    fn items_of_lists_have_a_lead() {
        assert_eq!(item_lead("1. text"), 3);
        assert_eq!(item_lead("  12. 글"), 6);
        assert_eq!(item_lead("- text"), 2);
        assert_eq!(item_lead("2017 text"), 0);
        assert_eq!(item_lead("1.5 text"), 0);
        assert_eq!(item_lead(""), 0);
    }

    #[test]
    fn words_wrap_and_long_words_break() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefghij k", 4), ["abcd", "efgh", "ij k"]);
        assert_eq!(
            wrap("  1. indented text", 12),
            ["  1.", "indented", "text"]
                .map(str::to_owned)
                .to_vec()
                .as_slice()
        );
        assert_eq!(wrap("a\n\nb", 10), ["a", "", "b"]);
        assert!(wrap("", 10).is_empty());
        assert_eq!(wrap_rows("one two three four", 8, 1), ["one two…"]);
        assert_eq!(wrap_rows("one two three four", 9, 1), ["one two …"]);
    }

    proptest! {
        #[test]
        fn nothing_is_wider_than_asked(text in "[a가é /\n]{0,80}", columns in 2usize..30) {
            for line in wrap(&text, columns) {
                prop_assert!(width(&line) <= columns);
            }
            for line in wrap_rows(&text, columns, 2) {
                prop_assert!(width(&line) <= columns);
            }
            let one = text.replace('\n', "");
            prop_assert!(width(&shorten(&one, columns)) <= columns);
            prop_assert!(width(&shorten_path(&one, columns)) <= columns);
        }

        #[test]
        fn wrapping_loses_no_character(text in "[a가é ]{0,80}", columns in 2usize..30) {
            let kept: String = wrap(&text, columns).concat().chars().filter(|c| *c != ' ').collect();
            let all: String = text.chars().filter(|c| *c != ' ').collect();
            prop_assert_eq!(kept, all);
        }
    }
}
