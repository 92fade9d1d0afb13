//! `clusterdx diagnose --show`: one connection packet by packet.

use std::fs;

use crate::model::ladder::Ends;
use crate::parse::net::ladder::wanted::Wanted;
use crate::pipeline::{Asked, Unshown};

use super::failure::{Failure, Trouble};

/// Hexadecimal digits of an incident's id.
const ID: usize = 12;

/// Reads what `--show` names, and refuses inputs that cannot be read twice.
pub(super) fn asked(text: &str, paths: &[String]) -> Result<Asked, Failure> {
    let id = text.trim();
    let is_id = id.len() == ID && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    let asked = match Wanted::parse(text) {
        Some(wanted) => Asked::Flow(wanted),
        None if is_id => Asked::Incident(id.to_ascii_lowercase()),
        None => {
            return Err(Trouble::new(format!("'{text}' names no connection"))
                .help("give it as reports print it, such as '10.0.0.1:40000 > 10.0.0.2:5432', or one end, two hosts, or the id of an incident ('--format json' shows both)")
                .into());
        }
    };
    match paths.iter().find(|path| passes_by(path)) {
        None => Ok(asked),
        Some(path) => {
            let what = match path.as_str() {
                "-" => "standard input".to_owned(),
                path => format!("'{path}'"),
            };
            Err(Trouble::new(format!("cannot show a connection of {what}"))
                .cause("captures are read a second time for it, and what was read there is gone")
                .help("write it to a file first, and give that")
                .into())
        }
    }
}

/// True for what can be read only once.
pub(super) fn passes_by(path: &str) -> bool {
    let stays = |at: fs::Metadata| at.is_file() || at.is_dir();
    path == "-" || !fs::metadata(path).is_ok_and(stays)
}

/// Why nothing can be shown, and what to ask instead.
pub(super) fn unshown(text: &str, why: &Unshown) -> Failure {
    let trouble = Trouble::new(format!("cannot show '{text}'"));
    let names = |flows: &[Ends]| {
        let names = flows.iter().map(|ends| format!("'{ends}'"));
        names.collect::<Vec<_>>().join(", ")
    };
    let trouble = match why {
        Unshown::NoIncident(ids) => {
            let trouble = trouble.cause("the report has no incident with this id");
            match ids.is_empty() {
                true => trouble.help("none of its incidents is proved by packets"),
                false => trouble.help(format!(
                    "incidents that packets prove: {}",
                    ids.join(", ")
                )),
            }
        }
        Unshown::NoPackets => trouble
            .cause("no packet proves this incident")
            .help("name a connection by its ends"),
        Unshown::NoCapture => trouble
            .cause("there is no capture among the files that were read")
            .help("give the capture (pcap or pcapng) as a PATH; lists of packets as text hold too little"),
        Unshown::Absent(flows) => {
            let trouble = trouble.cause("no capture has a packet of such a connection");
            match flows.is_empty() {
                true => trouble.help("the captures hold no TCP or UDP connection at all"),
                false => trouble.help(format!("some that they do have: {}", names(flows))),
            }
        }
        Unshown::Several(flows, count) => {
            let first = match *count > flows.len() {
                true => "the first ones",
                false => "they are",
            };
            trouble
                .cause(format!("{count} connections fit"))
                .help(format!("name both ends; {first}: {}", names(flows)))
        }
    };
    trouble.into()
}
