//! `diagnose --show`: what it prints for real captures, against `tests/golden/show-*.txt` (`UPDATE=1`
//! writes them anew), how it refuses what it cannot show, and that no packet gets lost in a ladder.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, which is what it is for"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use clusterdx::model::ladder::{Ends, Row};
use clusterdx::parse::net::flow::Moment;
use clusterdx::parse::net::frame::Decoder;
use clusterdx::parse::net::ladder::{self, Recorder};
use clusterdx::source::pcap_file::{CaptureReader, FrameSource};
use unicode_width::UnicodeWidthStr as _;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn run(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_clusterdx"))
        .arg("diagnose")
        .args(args)
        .current_dir(folder)
        .stdin(Stdio::null())
        .env_clear()
        .env("LANG", "C.UTF-8")
        .env("COLUMNS", "80")
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn golden(name: &str, args: &[&str]) -> String {
    let done = run(root(), args);
    let shown = text(&done.stdout);
    let all = format!(
        "$ clusterdx diagnose {}\n{shown}{}exit {}\n",
        args.join(" "),
        text(&done.stderr),
        done.status.code().unwrap()
    );
    let path = root().join(format!("tests/golden/show-{name}.txt"));
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &all).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        all == expected,
        "tests/golden/show-{name}.txt differs: UPDATE=1 writes it anew\n{all}"
    );
    shown
}

/// A ladder, in which only what is to be copied may be wider than the terminal.
fn drawn(name: &str, args: &[&str]) {
    let shown = golden(name, args);
    assert!(!shown.is_empty());
    for line in shown.lines() {
        let copied = line.contains(".addr == ") || line.contains("tcpdump -nn");
        assert!(copied || line.width() <= 80, "{line}");
        assert!(!line.chars().any(char::is_control), "{line:?}");
    }
}

const CAPTURES: &str = "tests/net/captures";

fn capture(case: &str, side: &str) -> String {
    format!("{CAPTURES}/{case}/{side}.pcap")
}

#[test]
fn both_sides_of_a_failed_handshake() {
    let case = "ca-unknown-to-client-tls12";
    let sides = ["client", "server"].map(|side| capture(case, side));
    drawn(
        "tls",
        &[&sides[0], &sides[1], "--show", "198.51.100.10:5432"],
    );
}

#[test]
fn records_stand_beside_packets() {
    let folder = "samples/cms/capture-read-only-and-log/input";
    drawn("log", &[folder, "--show", "6d6b18b18d3d"]);
}

#[test]
fn requests_on_udp() {
    let folder = "samples/expressway/capture-gatekeeper-timeout-and-log/input";
    drawn("udp", &[folder, "--show", "192.0.2.10:56115,198.51.100.10"]);
}

#[test]
fn icmp_errors_stand_beside_what_they_are_about() {
    let file = capture("icmp-admin-prohibited-ipv6", "client");
    drawn("icmp", &[&file, "--show", "2001:db8:2::10"]);
}

#[test]
fn a_window_that_stays_closed_in_other_languages() {
    let file = capture("zero-window", "client");
    for lang in ["ko", "pt-BR"] {
        let name = format!("window.{lang}");
        drawn(&name, &[&file, "--show", "192.0.2.10", "--lang", lang]);
    }
}

#[test]
fn what_cannot_be_shown_is_told_with_a_way_out() {
    let file = capture("mtu-blackhole", "client");
    for (name, args) in [
        ("no-flow", [&*file, "--show", "cms1:5432"].as_slice()),
        ("several", &[&file, "--show", "192.0.2.10"]),
        (
            "absent",
            &[&file, "--show", "192.0.2.10:1 > 198.51.100.10:5432"],
        ),
        ("no-incident", &[&file, "--show", "0123456789ab"]),
        (
            "no-capture",
            &["samples/net/tcp-refused/input", "--show", "10.0.0.1"],
        ),
        ("stdin", &["-", "--show", "10.0.0.1"]),
        ("json", &[&file, "--show", "192.0.2.10", "--format", "json"]),
    ] {
        let shown = golden(name, args);
        assert_eq!(shown, "", "{name}");
    }
}

#[cfg(unix)]
#[test]
fn names_of_files_stay_text() {
    let folder = tempfile::tempdir().unwrap();
    let name = "a\u{1b}[2J\n';touch x;'\u{202e}.pcap";
    let file = root().join(capture("refused", "client"));
    fs::copy(file, folder.path().join(name)).unwrap();
    let done = run(folder.path(), &[name, "--show", "192.0.2.10"]);
    let shown = text(&done.stdout);
    assert!(shown.contains("tcpdump -nn -r FILE "), "{shown}");
    let hidden = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
    assert!(!shown.contains(hidden), "{shown:?}");
}

/// All captures of real faults.
fn captures() -> Vec<PathBuf> {
    let mut files = Vec::new();
    for case in fs::read_dir(root().join(CAPTURES)).unwrap() {
        let folder = case.unwrap().path();
        let sides = ["client.pcap", "server.pcap"].map(|side| folder.join(side));
        files.extend(sides.into_iter().filter(|file| file.exists()));
    }
    files.sort();
    files
}

fn either_way(ends: Ends) -> (std::net::SocketAddr, std::net::SocketAddr) {
    let (a, b) = (ends.originator, ends.responder);
    (a.min(b), a.max(b))
}

/// Draws every connection of a capture; each packet must stand in exactly one place. Gives the
/// number of ladders.
fn draw_all(bytes: &[u8], name: &str) -> usize {
    let mut bytes = bytes;
    let mut source = CaptureReader::new(&[], &mut bytes);
    let mut decoder = Decoder::new();
    let mut recorders = BTreeMap::new();
    while let Some(frame) = source.next_frame() {
        let Some(packet) = decoder.decode(&frame) else {
            continue;
        };
        let Some(ends) = ladder::ends(&packet) else {
            continue;
        };
        let moment = Moment {
            number: frame.number,
            at: frame.at,
        };
        let (recorder, frames) = recorders
            .entry(either_way(ends))
            .or_insert_with(|| (Recorder::new(Vec::new()), 0));
        recorder.clock(frame.at);
        recorder.packet(&packet, moment);
        *frames += 1;
    }
    let ladders = recorders.len();
    for (recorder, frames) in recorders.into_values() {
        let ladder = recorder.finish("capture").unwrap();
        let rows: u64 = ladder.rows().map(Row::packets).sum();
        let left = ladder.left.map_or(0, |left| left.packets);
        assert_eq!(rows + left + ladder.twins, frames, "{name}");
        let mut before = 0;
        for row in ladder.rows() {
            let (first, last) = row.places();
            assert!(before < first.frame && first.frame <= last.frame, "{name}");
            before = last.frame;
        }
    }
    ladders
}

#[test]
fn every_packet_has_a_row() {
    let draw = |file: &PathBuf| draw_all(&fs::read(file).unwrap(), &file.display().to_string());
    let ladders: usize = captures().iter().map(draw).sum();
    assert!(ladders > 100, "only {ladders}");
}

#[test]
fn damage_stops_no_ladder() {
    // the numbers of a linear congruential generator: any will do, and always the same
    let mut number = 1u64;
    let mut next = |below: usize| {
        number = number
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        usize::try_from(number >> 33).unwrap() % below
    };
    for file in captures().iter().step_by(7) {
        let whole = fs::read(file).unwrap();
        for _ in 0..8 {
            let mut bytes = whole.clone();
            for _ in 0..20 {
                let at = 24 + next(bytes.len() - 24);
                bytes[at] = u8::try_from(next(256)).unwrap();
            }
            bytes.truncate(24 + next(bytes.len() - 24));
            draw_all(&bytes, &file.display().to_string());
        }
    }
}
