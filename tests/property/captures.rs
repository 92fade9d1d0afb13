//! What a capture is written in, and how it comes, changes nothing; a cut one claims no more.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};

use super::bench::{Dice, Outcome, diagnoser, files_below, run_plain, write};
use super::capture::{Order, PcapNg, Record, pcap};
use clusterdx::model::report::{Confidence, Report};
use clusterdx::pipeline::{Live, Options};
use clusterdx::source::pcap_file::{CaptureReader, FrameSource};

/// The captures of the client's side that were made with real programs.
fn made() -> Vec<PathBuf> {
    let mut found = files_below(Path::new("tests/net/captures"));
    found.retain(|path| path.ends_with("client.pcap"));
    found.sort();
    assert!(found.len() > 50, "{} captures", found.len());
    found
}

/// Frames of a pcap file in Ethernet.
fn frames(bytes: &[u8]) -> Vec<Record> {
    let mut source = Cursor::new(bytes);
    let mut reader = CaptureReader::new(&[], &mut source);
    let mut frames = Vec::new();
    while let Some(frame) = reader.next_frame() {
        assert_eq!(frame.link, 1, "Ethernet");
        frames.push(Record {
            at: frame.at.expect("a time"),
            data: frame.data.to_vec(),
            length: frame.length,
        });
    }
    frames
}

/// What a report claims, without the place where it stands.
fn claims(report: &Report) -> Vec<String> {
    let diagnoses = report
        .clusters
        .iter()
        .flat_map(|cluster| &cluster.diagnoses);
    let claim = |d: &clusterdx::model::report::Diagnosis| {
        let frames: Vec<Option<u64>> = d.evidence.iter().map(|e| e.frame).collect();
        format!(
            "{} {:?} {:?} {:?} {:?} {:?} {} {frames:?}",
            d.fault, d.node, d.peer, d.confidence, d.first_seen, d.flow, d.count
        )
    };
    let mut claims: Vec<String> = diagnoses.map(claim).collect();
    claims.sort();
    claims
}

fn run(bytes: &[u8]) -> Outcome {
    let folder = tempfile::tempdir().expect("a folder");
    write(&folder.path().join("capture"), bytes);
    run_plain(folder.path(), &Options::default())
}

/// Gives a few bytes at a time, as a pipe does.
struct Drops<'b>(&'b [u8], Dice);

impl Read for Drops<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let most = 1 + self.1.below(97);
        let taken = most.min(buffer.len()).min(self.0.len());
        let (now, rest) = self.0.split_at(taken);
        buffer[..taken].copy_from_slice(now);
        self.0 = rest;
        Ok(taken)
    }
}

#[test]
fn the_format_of_a_capture_changes_nothing() {
    for path in made() {
        let bytes = fs::read(&path).expect("a capture");
        let whole = claims(&run(&bytes).report);
        let frames = frames(&bytes);
        let big = pcap(Order::Big, true, 1, &frames);
        assert_eq!(claims(&run(&big).report), whole, "{}", path.display());
        for order in [Order::Little, Order::Big] {
            let empty = PcapNg::new(order).interface(1, 262_144, &[]);
            let add = |file: PcapNg, frame: &Record| file.packet(0, frame, &[]);
            let file = frames.iter().fold(empty, add);
            let again = claims(&run(&file.bytes).report);
            assert_eq!(again, whole, "{} as pcapng, {order:?}", path.display());
        }
    }
}

#[test]
fn a_live_capture_ends_with_what_its_file_says() {
    let mut told = 0;
    for (seed, path) in (1u64..).zip(made()) {
        let bytes = fs::read(&path).expect("a capture");
        let live = Live::new(diagnoser(), "eth0");
        live.read(&mut Drops(&bytes, Dice(seed)));
        let judged = diagnoser().judge(&live.collected(), &Options::default());
        let whole = claims(&run(&bytes).report);
        assert_eq!(claims(&judged.report), whole, "{}", path.display());
        told += whole.len();
    }
    assert!(told > 40, "{told} claims");
}

/// A capture that ends earlier claims nothing likely that the whole one does not claim, but what
/// later packets took back.
#[test]
fn a_cut_capture_claims_only_what_stands() {
    let key = |d: &clusterdx::model::report::Diagnosis| (d.fault.clone(), d.flow.clone());
    let all = |report: &Report| -> BTreeSet<_> {
        let clusters = report.clusters.iter();
        clusters.flat_map(|c| c.diagnoses.iter().map(key)).collect()
    };
    let mut checked = 0;
    for path in made() {
        let bytes = fs::read(&path).expect("a capture");
        let whole = all(&run(&bytes).report);
        let frames = frames(&bytes);
        for cut in 1..frames.len() {
            let part = run(&pcap(Order::Little, false, 1, &frames[..cut])).report;
            for cluster in &part.clusters {
                let likely = |d: &&clusterdx::model::report::Diagnosis| {
                    d.confidence > Confidence::Possible && !d.cleared
                };
                for diagnosis in cluster.diagnoses.iter().filter(likely) {
                    checked += 1;
                    assert!(
                        whole.contains(&key(diagnosis)),
                        "{} cut behind frame {cut} claims {:?}",
                        path.display(),
                        key(diagnosis)
                    );
                }
            }
        }
    }
    assert!(checked > 100, "{checked} claims");
}

/// The other side's capture with a clock that is ahead.
#[test]
fn clocks_of_captures_are_compared() {
    let side = |name: &str| {
        let path = Path::new("tests/net/captures/answers-dropped").join(name);
        frames(&fs::read(path).expect("a capture"))
    };
    let (client, mut server) = (side("client.pcap"), side("server.pcap"));
    server.iter_mut().for_each(|frame| frame.at += 90_250_000);
    let folder = tempfile::tempdir().expect("a folder");
    for (name, frames) in [("client.pcap", client), ("server.pcap", server)] {
        let bytes = pcap(Order::Little, false, 1, &frames);
        write(&folder.path().join(name), &bytes);
    }
    let report = run_plain(folder.path(), &Options::default()).report;
    let notes: Vec<&String> = report
        .coverage
        .iter()
        .flat_map(|file| &file.notes)
        .collect();
    let told = notes
        .iter()
        .any(|note| note.starts_with("its clock is 90.25"));
    assert!(told, "{notes:?}");
}
