//! Why ssh gave no session, from what it said last.
//!
//! The last line is ssh's own word. What stands above may be a banner, that is anything a node
//! likes to say, except where a host key was refused: no banner comes before that.

use std::process::ExitStatus;

use crate::agent::target::Target;
use crate::agent::{AgentError, FailureKind};

/// Characters of what ssh said that are shown.
const SHOWN: usize = 600;

/// Why there was no login. `known` tells that the host is known by another kind of key.
pub(super) fn of(
    target: &Target,
    status: Option<ExitStatus>,
    said: &str,
    known: bool,
) -> AgentError {
    let (kind, what, help) = match status {
        None => (
            FailureKind::Connect,
            "the login was not over in time".to_owned(),
            "look whether the node answers, or log in by hand once".to_owned(),
        ),
        Some(_) => judged(target, said, known),
    };
    AgentError {
        kind,
        what,
        said: shown(said),
        help,
        sent: false,
    }
}

fn judged(target: &Target, said: &str, known: bool) -> (FailureKind, String, String) {
    let lines = lines(said);
    let last = lines.last().copied().unwrap_or("");
    let place = &target.place;
    let by_hand = format!("ssh -p {} {}@{}", place.port, place.user, place.host);
    if last.starts_with("Host key verification failed") {
        let (what, help) = host_key(said, known, &by_hand);
        return (FailureKind::HostKey, what, help);
    }
    let denied = |line: &&str| {
        line.contains("Permission denied (") || line.contains("Too many authentication failures")
    };
    if lines.iter().rev().take(2).any(denied) {
        let many = lines
            .iter()
            .any(|line| line.contains("Too many authentication"));
        let help = match target.password {
            _ if many => "ssh offers more keys than the node takes: set IdentitiesOnly and \
                          IdentityFile for it in ~/.ssh/config"
                .to_owned(),
            Some(_) => "check user and password".to_owned(),
            None => format!("check user and key with: {by_hand}"),
        };
        let what = format!("the node refused the login of {}", place.user);
        return (FailureKind::Auth, what, help);
    }
    if last.contains("Unable to negotiate") {
        let what = "the node and this ssh know no common algorithm";
        let help = "an old node needs what it offers in a Host block of ~/.ssh/config, \
                    such as KexAlgorithms, HostKeyAlgorithms or Ciphers with a plus sign";
        return (FailureKind::Connect, what.to_owned(), help.to_owned());
    }
    let reason = match last {
        "" => "ssh said nothing",
        line => line,
    };
    let what = format!("no connection to the node: {}", clean(reason, 200));
    let help = format!("check address and port with: {by_hand}");
    (FailureKind::Connect, what, help)
}

fn host_key(said: &str, known: bool, by_hand: &str) -> (String, String) {
    let compare = "compare its fingerprint with the node's own";
    if said.contains("REVOKED HOST KEY") {
        let help = "do not connect before somebody has told why it was revoked";
        return ("the host key is revoked".to_owned(), help.to_owned());
    }
    let known = known || is_other_kind(said);
    let changed = said.contains("REMOTE HOST IDENTIFICATION HAS CHANGED");
    if changed && !known {
        let help = format!(
            "this is another machine, a new installation, or somebody in between; {compare} \
             before you replace the old key in known_hosts"
        );
        return ("the host key has changed".to_owned(), help);
    }
    let kind = algorithm(said)
        .or_else(|| sent_kind(said))
        .unwrap_or("host");
    if known {
        let what =
            format!("the host is known by another kind of key: its {kind} key was never seen");
        let help =
            format!("nobody but the node should change this; {compare}, then run: {by_hand}");
        return (what, help);
    }
    let what = match kind {
        "host" => "the host key is unknown".to_owned(),
        kind => format!("the {kind} host key is unknown"),
    };
    let help = format!("run once: {by_hand}  and {compare} before you accept it");
    (what, help)
}

/// True when a key was refused because none of its kind is known.
pub(super) fn is_unknown_key(said: &str) -> bool {
    algorithm(said).is_some()
}

/// True when the known key that ssh names is of another kind than the one that came.
fn is_other_kind(said: &str) -> bool {
    let known = |line: &str| {
        line.strip_prefix("Offending ")?
            .split(' ')
            .next()
            .map(str::to_owned)
    };
    let known: Vec<String> = said.lines().filter_map(known).collect();
    sent_kind(said).is_some_and(|sent| !known.is_empty() && known.iter().all(|kind| kind != sent))
}

/// The kind of key in `The fingerprint for the ED25519 key sent by …`.
fn sent_kind(said: &str) -> Option<&str> {
    let (_, rest) = said.split_once("The fingerprint for the ")?;
    let (word, _) = rest.split_once(" key sent by ")?;
    is_kind(word).then_some(word)
}

fn is_kind(word: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    !word.is_empty() && word.chars().all(plain)
}

/// The kind of key in `No ED25519 host key is known for …`.
fn algorithm(said: &str) -> Option<&str> {
    let (before, _) = said.split_once(" host key is known for ")?;
    let word = before.lines().next_back()?.strip_prefix("No ")?;
    is_kind(word).then_some(word)
}

/// Why a session that had begun ended, if ssh rather than the node ended it.
pub(super) fn of_session(status: ExitStatus, said: &str) -> Option<AgentError> {
    if status.code() == Some(0) {
        return None;
    }
    let lines = lines(said);
    let last = lines.last()?;
    let lost = [
        "not responding",
        "closed by remote host",
        "request failed",
        "reset",
        "Broken pipe",
        "timed out",
    ];
    lost.iter()
        .any(|word| last.contains(word))
        .then(|| AgentError {
            kind: FailureKind::Closed,
            what: "the connection was lost".to_owned(),
            said: clean(last, 200),
            help: String::new(),
            sent: false,
        })
}

/// The major and minor number in `OpenSSH_9.2p1 …`.
pub(super) fn version(text: &str) -> Option<(u32, u32)> {
    let (_, rest) = text.split_once("OpenSSH_")?;
    let rest = rest.trim_start_matches(|c: char| !c.is_ascii_digit());
    let mut numbers = rest.split(|c: char| !c.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

/// From ssh's settings: the name under which the host's key is looked up, and where.
pub(super) fn known_hosts(settings: &str) -> Option<(String, Vec<String>)> {
    let value = |key: &str| {
        let behind = |line: &'_ str| line.strip_prefix(key)?.strip_prefix(' ').map(str::to_owned);
        settings.lines().find_map(behind)
    };
    let name = match (value("hostkeyalias"), value("port").as_deref()) {
        (Some(alias), _) => alias,
        (None, Some("22") | None) => value("hostname")?,
        (None, Some(port)) => format!("[{}]:{port}", value("hostname")?),
    };
    let files = [value("userknownhostsfile"), value("globalknownhostsfile")];
    let files = files.into_iter().flatten();
    let files = files.flat_map(|list| {
        let unquoted = list.replace('"', "");
        // a path with blanks stands alone
        let mut each: Vec<String> = unquoted.split(' ').map(str::to_owned).collect();
        each.push(unquoted);
        each
    });
    Some((name, files.collect()))
}

/// Lines without what ssh counts at its end.
fn lines(said: &str) -> Vec<&str> {
    let counts = ["Transferred: ", "Bytes per second: "];
    let said = said.lines().map(str::trim);
    said.filter(|line| !line.is_empty() && !counts.iter().any(|start| line.starts_with(start)))
        .collect()
}

fn shown(said: &str) -> String {
    let lines = lines(said);
    let text = lines.join("\n");
    let skip = text.chars().count().saturating_sub(SHOWN);
    let text: String = text.chars().skip(skip).collect();
    text.lines()
        .map(|line| clean(line, SHOWN))
        .collect::<Vec<_>>()
        .join("\n")
}

fn clean(line: &str, most: usize) -> String {
    let plain = line.chars().filter(|c| !c.is_control());
    plain.take(most).collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;

    use super::*;
    use crate::agent::target::Place;

    fn refused(said: &str, known: bool) -> AgentError {
        let target = Target::new("cms1", Place::parse("ssh://admin@cms1:2222").unwrap());
        of(&target, Some(ExitStatus::from_raw(255 << 8)), said, known)
    }

    #[test]
    fn reasons_have_their_kind() {
        for (said, kind) in [
            (
                "admin@cms1: Permission denied (publickey,password).\r\n",
                FailureKind::Auth,
            ),
            (
                "Received disconnect from 10.0.0.1 port 22:2: Too many authentication failures\r\nDisconnected from 10.0.0.1 port 22\r\n",
                FailureKind::Auth,
            ),
            (
                "ssh: connect to host cms1 port 2222: Connection refused\r\n",
                FailureKind::Connect,
            ),
            (
                "ssh: connect to host cms1 port 2222: No route to host\r\n",
                FailureKind::Connect,
            ),
            (
                "ssh: Could not resolve hostname cms1: Name or service not known\r\n",
                FailureKind::Connect,
            ),
            (
                "Unable to negotiate with 10.0.0.1 port 22: no matching key exchange method found. Their offer: diffie-hellman-group1-sha1\r\n",
                FailureKind::Connect,
            ),
            (
                "No ED25519 host key is known for [cms1]:2222 and you have requested strict checking.\r\nHost key verification failed.\r\n",
                FailureKind::HostKey,
            ),
            ("", FailureKind::Connect),
        ] {
            assert_eq!(refused(said, false).kind, kind, "{said}");
        }
    }

    #[test]
    fn a_banner_is_no_reason() {
        let said = "Host key verification failed.\nPermission denied (x)\nREVOKED HOST KEY\n\
                    \x1b[2Jssh: connect\n\nConnection closed by 10.0.0.1 port 22\n";
        let error = refused(said, false);
        assert_eq!(error.kind, FailureKind::Connect);
        assert!(error.what.contains("Connection closed"), "{error:?}");
        assert!(!error.said.contains('\x1b'));
    }

    #[test]
    fn the_kind_of_trouble_with_a_host_key_is_told() {
        let unknown = "No RSA host key is known for cms1 and you have requested strict checking.\r\nHost key verification failed.\r\n";
        assert_eq!(refused(unknown, false).what, "the RSA host key is unknown");
        assert!(refused(unknown, true).what.contains("another kind of key"));
        let changed = "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\r\nHost key verification failed.\r\n";
        assert_eq!(refused(changed, false).what, "the host key has changed");
    }

    #[test]
    fn settings_tell_where_a_key_is_looked_up() {
        let settings = "user admin\nhostname 10.0.0.1\nport 2222\nuserknownhostsfile /a /b\n";
        let (name, files) = known_hosts(settings).unwrap();
        assert_eq!(name, "[10.0.0.1]:2222");
        assert!(files.contains(&"/a".to_owned()) && files.contains(&"/b".to_owned()));
        assert_eq!(
            known_hosts("hostname h\nport 22\nhostkeyalias x\n")
                .unwrap()
                .0,
            "x"
        );
    }

    #[test]
    fn versions_are_read() {
        assert_eq!(version("OpenSSH_9.2p1 Debian-2, OpenSSL 3"), Some((9, 2)));
        assert_eq!(version("OpenSSH_for_Windows_8.1p1, LibreSSL"), Some((8, 1)));
        assert_eq!(version("dropbear"), None);
    }
}
