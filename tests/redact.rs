//! Redaction of every sample: the same findings, and nothing left of names, addresses and secrets.
//! What is looked for is found by this file's own eyes, not by those of the program.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a test may fail loudly, say why it skips and be told where to look"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use clusterdx::catalog::Catalog;
use clusterdx::cli::redact::{Outcome, Task, Tools, perform};
use clusterdx::parse::net::frame::Decoder;
use clusterdx::pipeline::Options;
use clusterdx::samples::{Sample, discover};
use clusterdx::source::pcap_file::{CaptureReader, FrameSource, is_capture};

/// A map of which nothing is known but its key, so that every run gives the same.
const MAP: &str = r#"{"schema": "clusterdx.map/1", "key": "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
    "networks": {}, "networks6": {}, "addresses": {}, "macs": {}, "names": {}}"#;

/// Names of nodes, people and domains in the samples. Those of one letter and such are left to
/// the command's own check.
const NAMES: &[&str] = &[
    "acanosrv",
    "apolo.local",
    "apolo",
    "expc0",
    "expe0",
    "imp1a",
    "imp1b",
    "imp2a",
    "imp2b",
    "cucm1",
    "tcmadb",
    "example.com",
    "s3cret",
    "hunter2",
];

fn redact(
    input: String,
    options: &Options,
    tools: &Tools<'_>,
    output: &Path,
    map: &Path,
) -> Outcome {
    let paths = [input];
    let stop = AtomicBool::new(false);
    let task = Task {
        paths: &paths,
        output,
        map,
        tools,
        options,
        stop: &stop,
    };
    match perform(&task) {
        Ok(outcome) => outcome,
        Err(failure) => Outcome::Refused(vec![format!("{failure:?}")]),
    }
}

/// Runs a job for each of many things, on every processor.
fn each<T: Sync>(all: &[T], job: impl Fn(&T) -> Vec<String> + Sync) -> Vec<String> {
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        while let Some(one) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
            let found = job(one);
            wrong.lock().expect("no panic").extend(found);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    let mut wrong = wrong.into_inner().expect("no panic");
    wrong.sort();
    wrong
}

/// Every file below a folder, with its bytes.
fn files(path: &Path, out: &mut Vec<(PathBuf, Vec<u8>)>) {
    if path.is_dir() {
        for entry in fs::read_dir(path).expect("a folder") {
            files(&entry.expect("an entry").path(), out);
        }
    } else if let Ok(bytes) = fs::read(path) {
        out.push((path.to_owned(), bytes));
    }
}

fn all_files(path: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut out = Vec::new();
    files(path, &mut out);
    out
}

/// True for addresses that say nothing about anybody.
fn is_ordinary(address: Ipv4Addr) -> bool {
    let number = u32::from(address);
    let mask = number.leading_ones() + number.trailing_zeros() == 32 && number != 0;
    address.is_loopback() || address.is_multicast() || address.octets()[0] == 0 || mask
}

/// Everything in a text that looks like an address of IPv4 and is no version.
fn addresses(text: &[u8]) -> BTreeSet<String> {
    let text = String::from_utf8_lossy(text);
    let mut found = BTreeSet::new();
    for (at, token) in tokens(&text) {
        let before = text[..at].to_lowercase();
        let version = [
            "version ",
            "version: ",
            "version=",
            "version: \"",
            "release ",
        ];
        if version.iter().any(|word| before.ends_with(word)) {
            continue;
        }
        if let Ok(address) = token.parse::<Ipv4Addr>()
            && !is_ordinary(address)
        {
            found.insert(token.to_owned());
        }
    }
    found
}

/// Runs of digits and dots, with nothing of a word or a number around them.
fn tokens(text: &str) -> Vec<(usize, &str)> {
    let part = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
    let mut out = Vec::new();
    let mut at = 0;
    for token in text.split(|c: char| !part(c)) {
        out.push((at, token.trim_end_matches('.')));
        at += token.len();
        at += text[at..].chars().next().map_or(0, char::len_utf8);
    }
    out
}

/// The addresses of a capture's packets.
fn ends(capture: &[u8]) -> BTreeSet<IpAddr> {
    let mut source = capture;
    let mut reader = CaptureReader::new(&[], &mut source);
    let mut decoder = Decoder::new();
    let mut found = BTreeSet::new();
    while let Some(frame) = reader.next_frame() {
        if let Some(packet) = decoder.decode(&frame) {
            found.extend([packet.source, packet.destination]);
        }
    }
    found.retain(|address| match address {
        IpAddr::V4(address) => !is_ordinary(*address),
        IpAddr::V6(address) => {
            !address.is_multicast() && !address.is_loopback() && !address.is_unspecified()
        }
    });
    found
}

fn holds(text: &[u8], what: &[u8]) -> bool {
    memchr::memmem::find(text, what).is_some()
}

/// What of the input is still in the output.
fn left(input: &Path, output: &Path) -> Vec<String> {
    let (before, after) = (all_files(input), all_files(output));
    let mut text_addresses = BTreeSet::new();
    let mut packet_addresses = BTreeSet::new();
    let mut names: BTreeSet<&str> = BTreeSet::new();
    for (path, bytes) in &before {
        match is_capture(bytes) {
            true => packet_addresses.extend(ends(bytes)),
            false => text_addresses.extend(addresses(bytes)),
        }
        let place = path.display().to_string();
        let lower = bytes.to_ascii_lowercase();
        let there = |name: &&&str| holds(&lower, name.as_bytes()) || place.contains(**name);
        names.extend(NAMES.iter().filter(there));
    }
    let mut wrong = Vec::new();
    for (path, bytes) in &after {
        let place = path
            .strip_prefix(output)
            .expect("below")
            .display()
            .to_string();
        let lower = bytes.to_ascii_lowercase();
        for name in names
            .iter()
            .filter(|name| holds(&lower, name.as_bytes()) || place.contains(**name))
        {
            wrong.push(format!("{name} is left in {place}"));
        }
        if is_capture(bytes) {
            for address in ends(bytes).intersection(&packet_addresses) {
                wrong.push(format!("{address} is left in packets of {place}"));
            }
            for address in &packet_addresses {
                let raw = match address {
                    IpAddr::V4(address) => address.octets().to_vec(),
                    IpAddr::V6(address) => address.octets().to_vec(),
                };
                if holds(bytes, &raw) {
                    wrong.push(format!("the bytes of {address} are left in {place}"));
                }
            }
        }
        for address in addresses(bytes).intersection(&text_addresses) {
            wrong.push(format!("{address} is left in {place}"));
        }
    }
    wrong
}

#[test]
fn every_sample_keeps_its_findings_and_no_names() {
    let catalog = Catalog::load(None).expect("rules");
    let tools = Tools::new(&catalog).expect("tools");
    let samples = discover(Path::new("samples")).expect("samples");
    let folder = tempfile::tempdir().expect("a folder");
    let wrong = each(&samples, |sample: &Sample| {
        let name = sample.name.replace('/', "-");
        let output = folder.path().join(&name);
        let map = folder.path().join(format!("{name}.json"));
        fs::write(&map, MAP).expect("written");
        let told = |reasons: Vec<String>| match reasons.is_empty() {
            true => Vec::new(),
            false => vec![format!("{}:\n    {}", sample.name, reasons.join("\n    "))],
        };
        match redact(sample.input(), &sample.options(), &tools, &output, &map) {
            Outcome::Done(_) => told(left(Path::new(&sample.input()), &output)),
            Outcome::Refused(reasons) => told(reasons),
            Outcome::Interrupted => unreachable!("nobody stops it"),
        }
    });
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        samples.len(),
        wrong.join("\n")
    );
    checksums_are_right(&all_files(folder.path()));
}

/// Asks another program about the checksums of every packet that was written.
fn checksums_are_right(written: &[(PathBuf, Vec<u8>)]) {
    let mut links: BTreeMap<u16, Vec<u8>> = BTreeMap::new();
    let mut count = 0;
    for (_, bytes) in written.iter().filter(|(_, bytes)| is_capture(bytes)) {
        let mut source = bytes.as_slice();
        let mut reader = CaptureReader::new(&[], &mut source);
        while let Some(frame) = reader.next_frame() {
            let out = links.entry(frame.link).or_insert_with(|| {
                let mut head = 0xa1b2_c3d4_u32.to_le_bytes().to_vec();
                head.extend([2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 16, 0]);
                head.extend(u32::from(frame.link).to_le_bytes());
                head
            });
            let length = u32::try_from(frame.data.len()).expect("short");
            out.extend([0; 8]);
            out.extend(length.to_le_bytes());
            out.extend(frame.length.to_le_bytes());
            out.extend(frame.data);
            count += 1;
        }
    }
    assert!(count > 500, "only {count} packets were written");
    let folder = tempfile::tempdir().expect("a folder");
    for (link, bytes) in links {
        let path = folder.path().join("all.pcap");
        fs::write(&path, bytes).expect("written");
        // tshark also sums what an error quotes in part, of which there is no right sum
        let wrong = "ip.checksum.status == 0 || icmp.checksum.status == 0 || icmpv6.checksum.status == 0 || \
                     ((tcp.checksum.status == 0 || udp.checksum.status == 0) && !icmp && !icmpv6)";
        let run = Command::new("tshark")
            .args([
                "-n",
                "-o",
                "ip.check_checksum:TRUE",
                "-o",
                "tcp.check_checksum:TRUE",
            ])
            .args(["-o", "udp.check_checksum:TRUE", "-Y", wrong, "-r"])
            .arg(&path)
            .output();
        let Ok(run) = run else {
            println!("skipped: tshark is not installed");
            return;
        };
        let told = String::from_utf8_lossy(&run.stdout);
        assert!(
            run.status.success(),
            "{}",
            String::from_utf8_lossy(&run.stderr)
        );
        assert_eq!(
            told.lines().next(),
            None,
            "link {link}: {} packets",
            told.lines().count()
        );
    }
}

#[test]
fn captures_that_were_made_keep_their_findings() {
    let named = std::env::var_os("CLUSTERDX_CORPUS").map(PathBuf::from);
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    let folder = named.unwrap_or_else(beside).join("captures/made");
    if !folder.join("TRUTH.tsv").is_file() {
        println!("skipped: CLUSTERDX_CORPUS names no folder with captures that were made");
        return;
    }
    let captures: Vec<(PathBuf, Vec<u8>)> = all_files(&folder)
        .into_iter()
        .filter(|(_, bytes)| is_capture(bytes))
        .collect();
    assert!(!captures.is_empty());
    let catalog = Catalog::load(None).expect("rules");
    let tools = Tools::new(&catalog).expect("tools");
    let out = tempfile::tempdir().expect("a folder");
    let wrong = each(&captures, |(path, _)| {
        let name = path
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        let (output, map) = (
            out.path().join(&name),
            out.path().join(format!("{name}.json")),
        );
        fs::write(&map, MAP).expect("written");
        let input = path.display().to_string();
        match redact(input, &Options::default(), &tools, &output, &map) {
            Outcome::Done(_) => left(path, &output)
                .iter()
                .map(|what| format!("{name}: {what}"))
                .collect(),
            other => vec![format!("{name}: {other:?}")],
        }
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    checksums_are_right(&all_files(out.path()));
}

fn clusterdx(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_clusterdx"))
        .current_dir(folder)
        .env("XDG_STATE_HOME", folder.join("state"))
        .env("LC_ALL", "C.UTF-8")
        .args(args)
        .output()
        .expect("it runs")
}

fn told(run: &Output) -> String {
    let text = [run.stdout.as_slice(), run.stderr.as_slice()].concat();
    String::from_utf8(text).expect("text")
}

const LOG: &str = "Mar 31 10:16:59 user.info acanosrv02 sfpool:  Health check 10.48.54.119: error (up = 1): could not \
                   connect to server: Connection refused|#011Is the server running on host \"10.48.54.119\" and \
                   accepting|#011TCP/IP connections on port 5432?|\n\
                   Mar 31 10:17:02 user.info acanosrv02 host:server:  INFO : login of ana.lee@apolo.local with \
                   password=\"hunter2!x\" from 10.48.54.7\n";

#[test]
fn an_archive_becomes_an_archive_whatever_the_copy_is_called() {
    let folder = tempfile::tempdir().expect("a folder");
    let sample = "samples/expressway/peer-lost-nested-archive/input/expressway-cluster.zip";
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join(sample);
    fs::copy(sample, folder.path().join("bundle.zip")).expect("copied");
    for (output, begin) in [
        ("copy", &b"PK"[..]),
        ("copy.zip", b"PK"),
        ("copy.tar.gz", b"\x1f\x8b"),
    ] {
        let run = clusterdx(
            folder.path(),
            &[
                "redact",
                "bundle.zip",
                "--output",
                output,
                "--map",
                "m.json",
            ],
        );
        assert_eq!(run.status.code(), Some(0), "{}", told(&run));
        let copy = fs::read(folder.path().join(output)).expect("a file");
        assert!(copy.starts_with(begin), "{output}");
        let run = clusterdx(folder.path(), &["diagnose", output]);
        assert_eq!(run.status.code(), Some(1), "{}", told(&run));
    }
}

#[test]
fn the_command_says_what_it_did_and_refuses_what_would_harm() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("in")).expect("made");
    fs::write(at("in/syslog"), LOG).expect("written");
    let run = clusterdx(
        folder.path(),
        &[
            "redact", "in", "--output", "out", "--map", "m.json", "--year", "2017",
        ],
    );
    assert_eq!(run.status.code(), Some(0), "{}", told(&run));
    let text = fs::read_to_string(at("out/syslog")).expect("written");
    for word in ["acanosrv02", "10.48", "ana", "apolo", "hunter2"] {
        assert!(!text.contains(word), "{word} is left:\n{text}");
    }
    // words of the product, times and the shape of the records stay
    assert!(
        text.contains("10:16:59 user.info host000001 sfpool:  Health check 10.1."),
        "{text}"
    );
    assert!(text.contains("password=\"redacted\""), "{text}");
    assert!(!at("out/m.json").exists() && at("m.json").exists());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: PathBuf| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!(mode(at("m.json")), 0o600);
        assert_eq!(mode(at("out/syslog")), 0o600);
    }

    // the same map gives the same, also for one file; what was redacted stays as it is
    for (input, output) in [("in/syslog", "again"), ("out/syslog", "twice")] {
        let run = clusterdx(
            folder.path(),
            &[
                "redact", input, "--output", output, "--map", "m.json", "--year", "2017",
            ],
        );
        assert_eq!(run.status.code(), Some(0), "{}", told(&run));
        assert_eq!(fs::read_to_string(at(output)).expect("a file"), text);
    }

    // the report has the same names
    let args = [
        "diagnose", "in", "--redact", "--map", "m.json", "--year", "2017",
    ];
    let run = clusterdx(folder.path(), &args);
    let report = told(&run);
    assert!(
        report.contains("host000001") && !report.contains("acanosrv02"),
        "{report}"
    );
    assert!(!report.contains("10.48."), "{report}");

    for (args, why) in [
        (
            ["redact", "in", "--output", "out", "--map", "m.json"],
            "it exists",
        ),
        (
            ["redact", "in", "--output", "in/out", "--map", "m.json"],
            "which is read",
        ),
        (
            ["redact", "in", "--output", "new", "--map", "new/m.json"],
            "must not get the map",
        ),
        (
            ["redact", "in", "--output", "new", "--map", "in/m.json"],
            "which is read",
        ),
        (
            ["redact", "-", "--output", "new", "--map", "m.json"],
            "only once",
        ),
        (
            ["redact", "gone", "--output", "new", "--map", "m.json"],
            "gone",
        ),
        (
            ["redact", "in", "--output", "no/new", "--map", "m.json"],
            "cannot write",
        ),
        (
            ["redact", "in", "--output", "new", "--map", "in/syslog"],
            "which is read",
        ),
    ] {
        let run = clusterdx(folder.path(), &args);
        assert_eq!(run.status.code(), Some(2), "{args:?}: {}", told(&run));
        assert!(told(&run).contains(why), "{args:?}: {}", told(&run));
        assert!(!at("new").exists());
    }
}

#[test]
fn a_copy_that_would_mislead_is_not_left_behind() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    fs::write(at("syslog"), LOG).expect("written");
    fs::create_dir_all(at("rules/faults")).expect("made");
    // what it says of an address is true of the original only
    let rule = "id: cms.site.address\nproduct: cms\nstatus: experimental\nseverity: error\ntitle: Of this network\n\
                summary: \"{{node}} speaks of this network.\"\nadvice: None.\nsignals:\n  it:\n    format: cms.syslog\n    \
                where: {program: sfpool, message|contains: \"10.48.54.\"}\n    bind: {node: host}\nwhen:\n  - {all: [it], \
                confidence: likely}\n";
    fs::write(at("rules/faults/address.yaml"), rule).expect("written");
    let args = [
        "redact", "syslog", "--output", "out", "--map", "m.json", "--year", "2017", "--rules",
        "rules",
    ];
    let run = clusterdx(folder.path(), &args);
    assert_eq!(run.status.code(), Some(4), "{}", told(&run));
    assert!(
        told(&run).contains("not found any more: cms.site.address"),
        "{}",
        told(&run)
    );
    let mut names: Vec<_> = fs::read_dir(folder.path())
        .expect("a folder")
        .map(|e| e.expect("one").file_name())
        .collect();
    names.sort();
    assert_eq!(names, ["m.json", "rules", "syslog"]);
}
