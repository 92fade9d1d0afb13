//! Host names, domains and addresses of people: which texts are such, and their parts.

use std::net::IpAddr;

/// Domains at the top that are not the name of anybody, and are told from endings of file names.
const TOP: &[&str] = &[
    "com",
    "net",
    "org",
    "edu",
    "gov",
    "mil",
    "biz",
    "local",
    "lan",
    "internal",
    "intranet",
    "corp",
    "localdomain",
    "example",
    "invalid",
    "arpa",
];
/// Those of countries that are hardly ever endings of file names or parts of programs.
const COUNTRIES: &[&str] = &[
    "ar", "at", "au", "be", "br", "ca", "ch", "cl", "cn", "co", "cz", "de", "dk", "es", "eu", "fi",
    "fr", "gr", "hk", "hu", "id", "ie", "il", "jp", "kr", "mx", "nl", "no", "nz", "pe", "pt", "ru",
    "se", "sg", "th", "tr", "tw", "uk", "us", "vn", "za",
];
/// What stands between a name and the domain of a country.
const SECOND: &[&str] = &[
    "ac", "co", "com", "edu", "go", "gov", "gob", "net", "or", "org",
];
/// Domains of standards and makers, which say nothing about who writes them.
const PUBLIC: &[&str] = &[
    "apache.org",
    "cisco.com",
    "erlang.org",
    "etherx.jabber.org",
    "ietf.org",
    "jabber.org",
    "openssl.org",
    "postgresql.org",
    "rabbitmq.com",
    "tandberg.no",
    "w3.org",
    "wireshark.org",
    "xmlsoap.org",
    "xmpp.org",
];
/// Endings of names of files.
const ENDINGS: &[&str] = &[
    "bak", "cer", "cfg", "conf", "crt", "csv", "der", "gz", "html", "json", "key", "log", "out",
    "p12", "pcap", "pcapng", "pem", "pfx", "tar", "tgz", "txt", "xml", "zip",
];

/// True for a label of a host name.
pub(super) fn is_label(label: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    !label.is_empty() && label.len() <= 63 && label.chars().all(fits)
}

/// A raw value without what stands around a name and without the ending of a file's, in lower case; `None` for an address, and for
/// what cannot be a host's name.
pub(super) fn bare(raw: &str) -> Option<String> {
    let text = raw
        .trim()
        .trim_matches(|c| {
            matches!(
                c,
                '[' | ']' | '\'' | '"' | '(' | ')' | '<' | '>' | ',' | ';'
            )
        })
        .trim_end_matches('.')
        .trim_start_matches("*.");
    let mut lower = text.to_ascii_lowercase();
    while let Some((head, ending)) = lower.rsplit_once('.') {
        if !ENDINGS.contains(&ending) {
            break;
        }
        lower = head.to_owned();
    }
    let fits = lower.len() <= 253 && lower.split('.').all(is_label);
    let letters = lower.chars().any(|c| c.is_ascii_alphabetic());
    (fits && letters && lower.parse::<IpAddr>().is_err()).then_some(lower)
}

/// True for a domain that somebody must have registered.
pub(super) fn is_registered(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or("");
    matches!(last, "com" | "net" | "org" | "edu" | "gov" | "local")
}

/// True for a domain of everybody's.
pub(super) fn is_public(name: &str) -> bool {
    PUBLIC.iter().any(|public| {
        let rest = name.strip_suffix(public);
        rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    })
}

/// The labels that are somebody's: all without the domain at the top, and how many those are that
/// stand next to it.
pub(super) fn own_labels(name: &str) -> Vec<&str> {
    let mut labels: Vec<&str> = name.split('.').collect();
    if labels.len() < 2 {
        return labels;
    }
    let last = labels.last().copied().unwrap_or("");
    let country = last.len() == 2 && last.chars().all(|c| c.is_ascii_alphabetic());
    if country || TOP.contains(&last) {
        labels.pop();
        let second = labels.last().is_some_and(|label| SECOND.contains(label));
        if country && second && labels.len() > 1 {
            labels.pop();
        }
    }
    labels
}

/// The name of a host or domain in a token of a text, told by its end alone.
pub(super) fn by_shape(token: &str) -> Option<String> {
    let name = bare(token)?;
    let labels: Vec<&str> = name.split('.').collect();
    let (first, last) = (labels.first()?, labels.last()?);
    let package = TOP.contains(first) || matches!(*first, "java" | "javax" | "sun" | "www2");
    let known = match labels.len() {
        0 | 1 => false,
        2 => TOP.contains(last),
        _ => TOP.contains(last) || COUNTRIES.contains(last),
    };
    let named = first.chars().any(|c| c.is_ascii_alphabetic()) || labels.len() > 2;
    (known && named && !package && !is_public(&name)).then_some(name)
}

/// The tokens of a line that have a dot inside.
pub(super) fn dotted(line: &[u8]) -> impl Iterator<Item = &str> {
    let fits = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    let mut at = 0;
    let tokens = line.split(move |byte| !fits(byte)).map(move |token| {
        let begin = at;
        at += token.len() + 1;
        // the number of a sign: `%40`
        let sign = begin.checked_sub(1).and_then(|before| line.get(before)) == Some(&b'%');
        let number = token
            .get(..2)
            .is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit));
        token
            .get(if sign && number { 2 } else { 0 }..)
            .unwrap_or(token)
    });
    tokens.filter_map(|token| {
        let token = std::str::from_utf8(token).ok()?.trim_matches(['.', '-']);
        (token.len() <= 253 && token.contains('.')).then_some(token)
    })
}
