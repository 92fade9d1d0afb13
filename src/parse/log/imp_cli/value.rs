//! What single lines tell of a node: its machine, its release, its checks, its neighbours.

use super::line::{find_label, is_address, is_host, labelled};
use crate::parse::scan::{Cursor, decimal, find_space, trim};

/// A value that a screen shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Setting<'l> {
    pub(super) section: &'static str,
    pub(super) name: &'static str,
    pub(super) value: &'l [u8],
}

/// Labels in small letters without blanks, the screen and the name of their value, and whether
/// the label alone tells that this is the appliance.
const LABELS: [(&[u8], &str, &str, bool); 9] = [
    (b"hwplatform", "show hardware", "HW Platform", true),
    (b"processors", "show hardware", "Processors", false),
    (b"memory", "show hardware", "Memory", false),
    (b"productver", "show status", "Version", true),
    (
        b"activemasterversion",
        "show version active",
        "Version",
        true,
    ),
    (b"ipaddress", "show network eth0", "IP Address", false),
    (b"primary", "show network eth0", "DNS Primary", false),
    (b"domain", "show network eth0", "Domain", false),
    (
        b"unifiedosversion",
        "show status",
        "Unified OS Version",
        true,
    ),
];

/// The value of a line, and whether the line alone tells that this is the appliance.
pub(super) fn setting(line: &[u8]) -> Option<(Setting<'_>, bool)> {
    let found = |section, name, value, sure| {
        Some((
            Setting {
                section,
                name,
                value,
            },
            sure,
        ))
    };
    for (label, section, name, sure) in LABELS {
        if let Some(value) = labelled(line, label) {
            return found(section, name, first_column(value), sure);
        }
    }
    // first line of the screen; the link's state beside it is what other systems do not print
    if let Some(value) = labelled(line, b"dhcp").filter(|value| shows_link(value)) {
        return found("show network eth0", "DHCP", first_column(value), true);
    }
    if let Some(rest) = line.strip_prefix(b"Primary Node") {
        let value = trim(trim(rest).strip_prefix(b"=")?);
        return found("utils service list", "Primary Node", value, true);
    }
    let number = line.iter().position(|b| !b.is_ascii_digit())?;
    let (digits, rest) = line.split_at_checked(number)?;
    decimal(digits)?;
    let rest = trim(rest);
    if rest.starts_with(b"vCPU:") {
        return found("login banner", "Processors", digits, false);
    }
    if rest.eq_ignore_ascii_case(b"Mbytes RAM") {
        return found("login banner", "Memory", line, false);
    }
    None
}

/// `disabled           Status     : up`
fn shows_link(value: &[u8]) -> bool {
    find_label(value, b"status").is_some_and(|(at, _)| at > 0)
}

/// A value up to the next column of its line.
fn first_column(value: &[u8]) -> &[u8] {
    let gap = memchr::memmem::find(value, b"  ");
    let tab = memchr::memchr(b'\t', value);
    let end = [gap, tab].into_iter().flatten().min();
    trim(value.get(..end.unwrap_or(value.len())).unwrap_or_default())
}

/// One check of a node of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Check<'l> {
    pub(super) test: &'l [u8],
    pub(super) result: &'static str,
    pub(super) words: &'l [u8],
}

/// `test - validate_network    : Passed`, a warning of the login banner, the state of the clock.
pub(super) fn check(line: &[u8]) -> Option<Check<'_>> {
    if let Some(words) = line.strip_prefix(b"WARNING: DNS ") {
        return Some(Check {
            test: b"login banner",
            result: "failed",
            words: line.get(line.len() - words.len() - 4..)?,
        });
    }
    for (start, result) in [
        (b"synchronised to ".as_slice(), "passed"),
        (b"unsynchronised", "failed"),
    ] {
        if line.starts_with(start) {
            return Some(Check {
                test: b"ntp status",
                result,
                words: line,
            });
        }
    }
    if line == b"No external servers found" {
        return Some(Check {
            test: b"external resolution",
            result: "failed",
            words: line,
        });
    }
    let (skipped, rest) = match (line.strip_prefix(b"test - "), line.strip_prefix(b"skip - ")) {
        (Some(rest), _) => (false, rest),
        (None, Some(rest)) => (true, rest),
        (None, None) => return None,
    };
    let colon = memchr::memchr(b':', rest)?;
    let test = trim(rest.get(..colon)?);
    let words = trim(rest.get(colon + 1..)?);
    let plain = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
    let result = match () {
        () if skipped => "skipped",
        () if starts(words, b"passed") => "passed",
        () => "failed",
    };
    (!test.is_empty() && test.iter().all(plain) && !words.is_empty()).then_some(Check {
        test,
        result,
        words,
    })
}

fn starts(text: &[u8], word: &[u8]) -> bool {
    text.get(..word.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(word))
}

/// One row of `utils dbreplication runtimestate`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Replication<'l> {
    pub(super) node: &'l [u8],
    pub(super) address: &'l [u8],
    /// The digit in parentheses; absent where the row shows none.
    pub(super) setup: Option<&'l [u8]>,
    pub(super) words: &'l [u8],
    pub(super) queue: Option<&'l [u8]>,
    /// Database, remote calls and monitor, such as `Y/Y/N`.
    pub(super) links: Option<&'l [u8]>,
}

/// `imp1b  10.60.1.12  0.228  Y/Y/Y  0  (g_3)  (2) Setup Completed`
pub(super) fn replication(line: &[u8]) -> Option<Replication<'_>> {
    let mut cursor = Cursor::new(line);
    cursor.blanks();
    let node = cursor.word();
    cursor.blanks();
    let address = cursor.word();
    if !is_host(node) || !is_address(address) {
        return None;
    }
    let (mut queue, mut links): (Option<&[u8]>, Option<&[u8]>) = (None, None);
    let mut before: Option<&[u8]> = None;
    loop {
        cursor.blanks();
        let word = cursor.word();
        if word.is_empty() {
            return None;
        }
        match word {
            [b'(', digit, b')'] if digit.is_ascii_digit() || matches!(digit, b'-' | b'?') => {
                let setup = word
                    .get(1..2)
                    .filter(|digit| digit.iter().all(u8::is_ascii_digit));
                return Some(Replication {
                    node,
                    address,
                    setup,
                    words: trim(cursor.rest()),
                    queue,
                    links,
                });
            }
            [b'(', b'g', b'_', ..] => queue = before.filter(|word| decimal(word).is_some()),
            word if word.len() == 5 && word.get(1) == Some(&b'/') => links = Some(word),
            _ => {}
        }
        before = Some(word);
    }
}

/// One row of `show network cluster`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Member<'l> {
    pub(super) address: &'l [u8],
    pub(super) name: &'l [u8],
    pub(super) alias: &'l [u8],
    /// Publisher or subscriber of its own product.
    pub(super) role: &'static str,
    /// `cups`, `callmanager`, …
    pub(super) kind: &'l [u8],
    /// The row says that the node is this one: authenticated by nobody else.
    pub(super) own: bool,
}

/// `10.60.1.11 imp1a.apolo.local imp1a Subscriber cups DBPub authenticated`
pub(super) fn member(line: &[u8]) -> Option<Member<'_>> {
    let mut rest = line;
    let mut word = || {
        rest = trim(rest);
        let end = find_space(rest).unwrap_or(rest.len());
        let (word, behind) = rest.split_at_checked(end)?;
        rest = behind;
        Some(word)
    };
    let (address, name, alias) = (word()?, word()?, word()?);
    let (place, kind) = (word()?, word()?);
    let database = word()?;
    if !is_address(address) || !is_host(name) || !is_host(alias) {
        return None;
    }
    // the publisher of the cluster of servers is that of Unified CM
    let role = match (database, place) {
        (b"DBPub", _) => "publisher",
        (b"DBSub", _) => "subscriber",
        (_, b"Publisher") => "publisher",
        (_, b"Subscriber") => "subscriber",
        _ => return None,
    };
    matches!(place, b"Publisher" | b"Subscriber").then_some(Member {
        address,
        name,
        alias,
        role,
        kind,
        own: trim(rest) == b"authenticated",
    })
}
