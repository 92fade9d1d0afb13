//! `clusterdx-capture`: captures packets for `clusterdx capture` and hands them over as pcapng on
//! standard output. It is a program of its own so that nothing else needs the right to capture,
//! and so that `clusterdx` works where libpcap is not installed.
//!
//! ```text
//! clusterdx-capture --list
//! clusterdx-capture --interface NAME [--filter BPF] [--snaplen BYTES] [--stop-at-eof]
//! ```
//!
//! It ends with SIGINT, SIGTERM or SIGHUP, when nobody reads its output, and with `--stop-at-eof`
//! when standard input ends. How it says that it cannot is in [`clusterdx::model::helper`].

use std::io::{self, Write};
use std::process::ExitCode;

use clusterdx::model::helper::HelperTrouble as Trouble;

mod live;
mod pcapng;
mod rights;
mod watch;

use live::Wanted;

/// Most bytes of a packet unless asked otherwise: more than any interface hands over.
const SNAPLEN: u32 = 262_144;

/// Why it ends, and the words for it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Failed(Trouble, String);

/// What it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Asked {
    List,
    Capture(Wanted),
}

fn main() -> ExitCode {
    let done = parse(std::env::args().skip(1)).and_then(|asked| match asked {
        Asked::List => live::list(&mut io::stdout().lock()),
        Asked::Capture(wanted) => live::run(&wanted),
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failed(trouble, text)) => {
            let text: String = text
                .chars()
                .map(|c| if c.is_control() { ' ' } else { c })
                .collect();
            _ = writeln!(io::stderr().lock(), "{}\t{text}", trouble.name());
            trouble.code().into()
        }
    }
}

fn parse(mut args: impl Iterator<Item = String>) -> Result<Asked, Failed> {
    let usage = |text: String| Failed(Trouble::Usage, text);
    let mut wanted = Wanted {
        interface: String::new(),
        filter: String::new(),
        snaplen: SNAPLEN,
        stop_at_eof: false,
    };
    let mut list = false;
    while let Some(option) = args.next() {
        let mut value = || {
            args.next()
                .ok_or_else(|| usage(format!("{option} needs a value")))
        };
        match option.as_str() {
            "--list" => list = true,
            "--stop-at-eof" => wanted.stop_at_eof = true,
            "--interface" => wanted.interface = value()?,
            "--filter" => wanted.filter = value()?,
            "--snaplen" => {
                let text = value()?;
                let bytes = text.parse().ok().filter(|n| (64..=SNAPLEN).contains(n));
                wanted.snaplen =
                    bytes.ok_or_else(|| usage(format!("--snaplen takes 64 to {SNAPLEN}")))?;
            }
            _ => return Err(usage(format!("unknown option {option}"))),
        }
    }
    match (list, wanted.interface.is_empty()) {
        (true, true) => Ok(Asked::List),
        (false, false) => Ok(Asked::Capture(wanted)),
        _ => Err(usage(
            "either --list or --interface NAME is needed".to_owned(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Asked, Failed> {
        parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn arguments() {
        assert_eq!(parsed("--list"), Ok(Asked::List));
        let wanted = Wanted {
            interface: "eth0".to_owned(),
            filter: "tcp".to_owned(),
            snaplen: 96,
            stop_at_eof: true,
        };
        assert_eq!(
            parsed("--interface eth0 --filter tcp --snaplen 96 --stop-at-eof"),
            Ok(Asked::Capture(wanted))
        );
        for wrong in [
            "",
            "--list --interface eth0",
            "--interface",
            "--interface eth0 --snaplen 5",
            "--interface eth0 --snaplen x",
            "--verbose",
        ] {
            let trouble = parsed(wrong).map_err(|Failed(trouble, _)| trouble);
            assert_eq!(trouble, Err(Trouble::Usage), "{wrong}");
        }
    }
}
