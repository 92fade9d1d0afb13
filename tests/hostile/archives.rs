//! Archives and compressed streams.

use std::fs;
use std::io::{Cursor, Write};

use super::child::{Folder, good_log, size};

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn bz2(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn xz(bytes: &[u8]) -> Vec<u8> {
    let options = lzma_rust2::XzOptions::with_preset(0);
    let mut writer = lzma_rust2::XzWriter::new(Vec::new(), options).unwrap();
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

fn zst(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    for (name, content) in members {
        writer.start_file(*name, options).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn tar_member(out: &mut Vec<u8>, name: &str, kind: u8, size: &[u8; 12], content: &[u8]) {
    let mut header = tar::Header::new_gnu();
    let raw = header.as_old_mut();
    raw.name[..name.len()].copy_from_slice(name.as_bytes());
    raw.size = *size;
    raw.linkflag = [kind];
    header.set_mtime(1_597_262_263);
    header.set_cksum();
    out.extend_from_slice(header.as_bytes());
    out.extend_from_slice(content);
    out.resize(out.len().next_multiple_of(512), 0);
}

fn octal(size: usize) -> [u8; 12] {
    format!("{size:011o}\0").into_bytes().try_into().unwrap()
}

fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, content) in members {
        tar_member(&mut out, name, b'0', &octal(content.len()), content);
    }
    out.resize(out.len() + 1024, 0);
    out
}

#[test]
fn bombs_are_stopped_and_what_stands_beside_them_is_read() {
    let folder = Folder::with_good_log();
    // streams in a row are one stream, and quickly made
    let (piece, times) = (vec![b'\n'; 1 << 20], 66);
    folder.file("bomb.gz", gz(&piece).repeat(times));
    folder.file("bomb.xz", xz(&piece).repeat(times));
    folder.file("bomb.zst", zst(&piece).repeat(times));
    folder.file("bomb.zip", zip(&[("bomb.log", &piece.repeat(times))]));
    let ran = folder.diagnose().has_the_good_logs_fault();
    for name in ["bomb.gz", "bomb.xz", "bomb.zst", "bomb.zip!/bomb.log"] {
        ran.says(
            name,
            "it unpacks to more than 200 times its size, the limit",
        );
    }
}

#[test]
fn a_bomb_in_bombs_is_stopped_at_its_first_layers() {
    let folder = Folder::with_good_log();
    let mut bomb = gz(&vec![0; 68 << 20]);
    for pack in [xz, gz, zst, bz2, gz] {
        bomb = pack(&bomb);
    }
    folder.file("bomb", tar(&[("a", &bomb), ("good.txt", &good_log())]));
    folder.diagnose().has_the_good_logs_fault();
}

#[test]
fn what_asks_for_gigabytes_of_memory_is_refused_with_the_figure() {
    let folder = Folder::with_good_log();
    let mut stream = xz(b"text");
    stream[16] = 37;
    let mut sum = flate2::Crc::new();
    sum.update(&stream[12..20]);
    stream[20..24].copy_from_slice(&sum.sum().to_le_bytes());
    folder.file("dictionary.xz", stream);
    folder.file("window.zst", b"\x28\xb5\x2f\xfd\0\xa8\x21\0\0text");
    let ran = folder.diagnose().has_the_good_logs_fault();
    ran.says(
        "dictionary.xz",
        "needs 1537 MiB of memory to be unpacked, more than the limit of 128 MiB",
    );
    ran.says(
        "window.zst",
        "needs 2 GiB of memory to be unpacked, more than the limit of 128 MiB",
    );
}

#[test]
fn tiny_members_without_number_hide_nothing() {
    let folder = Folder::new();
    let many = size(20_000, 200_000);
    let names: Vec<String> = (0..many).map(|at| format!("logs/{at}.log")).collect();
    let mut members: Vec<(&str, &[u8])> = names.iter().map(|n| (n.as_str(), &b"x\n"[..])).collect();
    let good = good_log();
    members.push(("good.txt", &good));
    folder.file("many.tar.gz", gz(&tar(&members)));
    let ran = folder.diagnose().has_the_good_logs_fault();
    let report = ran.report();
    let told = report["coverage"].as_array().unwrap().len() as u64;
    assert_eq!(
        told + report["omitted"]["coverage"].as_u64().unwrap(),
        many as u64 + 1
    );
}

#[test]
fn members_touch_nothing_outside_and_odd_ones_cost_only_themselves() {
    let folder = Folder::new();
    let good = good_log();
    let mut bytes = Vec::new();
    let ten = octal(10);
    for name in [
        "../../../escaped.txt",
        "/tmp/../escaped.txt",
        "..\\escaped.txt",
        "C:\\escaped.txt",
    ] {
        tar_member(&mut bytes, name, b'0', &ten, b"0123456789");
    }
    // hard link, link, character device, block device, folder, pipe
    for kind in b"123456" {
        tar_member(&mut bytes, "escaped.txt", *kind, &octal(0), b"");
    }
    tar_member(&mut bytes, "sparse", b'S', &ten, b"0123456789");
    // numbers of base 256: minus one, and more than there is
    let mut negative = [0xff; 12];
    tar_member(&mut bytes, "negative", b'0', &negative, b"");
    negative[0] = 0x80;
    tar_member(&mut bytes, "huge", b'0', &negative, b"");
    tar_member(&mut bytes, "good.txt", b'0', &octal(good.len()), &good);
    bytes.resize(bytes.len() + 1024, 0);
    folder.file("in/odd.tar", &bytes);
    let entries: Vec<(&str, &[u8])> = vec![
        ("../escaped.txt", b"x"),
        ("/escaped.txt", b"x"),
        ("good.txt", &good),
    ];
    folder.file("in/odd.zip", zip(&entries));
    let ran = folder
        .run(&["diagnose", "in", "--format", "json"])
        .has_the_good_logs_fault();
    ran.says("odd.tar!/sparse", "a sparse file");
    ran.says("odd.tar", "the archive is damaged");
    let there: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(there.len(), 1, "{there:?}");
}

#[test]
fn every_layer_may_be_cut_anywhere() {
    let good = good_log();
    let inner = [gz(&good), xz(&good), zst(&good), bz2(&good)];
    for (at, stream) in inner.iter().enumerate() {
        let folder = Folder::with_good_log();
        for part in 1..6 {
            let cut = &stream[..stream.len() * part / 6];
            let archive = tar(&[("cut.log", cut), ("whole.log", &good)]);
            let outer = [gz, xz, zst, bz2][(at + part) % 4](&archive);
            folder.file(&format!("{part}/whole"), &outer);
            folder.file(&format!("{part}/cut"), &outer[..outer.len() * part / 6]);
            let zipped = zip(&[("cut.log", cut), ("in.tar", &archive)]);
            folder.file(
                &format!("{part}/cut.zip"),
                &zipped[..zipped.len() * part / 6],
            );
        }
        let ran = folder.diagnose().has_the_good_logs_fault();
        ran.says("whole!/cut.log", "ends unexpectedly");
        for (origin, status, notes) in ran.coverage() {
            assert!(
                status == "read" || !notes.is_empty(),
                "{origin} is {status}"
            );
            let cut = origin.ends_with("cut") || origin.ends_with("cut.zip");
            assert!(!cut || status != "read", "{origin}");
        }
    }
}
