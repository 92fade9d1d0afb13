//! What the tests of all formats share.

use crate::model::event::Event;
use crate::parse::chunk::{Chunk, Chunker};
use crate::parse::{Choice, LogParser};

/// A text as chunks of about `target` bytes, read in blocks of `block` bytes.
pub(crate) fn chunks(text: &[u8], choice: &Choice, target: usize, block: usize) -> Vec<Chunk> {
    let mut chunker = Chunker::new(choice, target);
    let mut found = Vec::new();
    for block in text.chunks(block.max(1)) {
        chunker.push(block, &mut |chunk| found.push(chunk));
    }
    chunker.finish(&mut |chunk| found.push(chunk));
    found
}

/// The events of one parser in a chunk.
pub(crate) fn parsed(
    parser: &dyn LogParser,
    chunk: &Chunk,
    picks: Option<&[usize]>,
) -> Vec<Event<'static>> {
    let mut found = Vec::new();
    parser.parse(chunk, picks, &mut |event| found.push(event.into_owned()));
    found
}

/// The events of a text, parser by parser.
pub(crate) fn events(
    text: &[u8],
    choice: &Choice,
    target: usize,
    block: usize,
) -> Vec<Vec<Event<'static>>> {
    let chunks = chunks(text, choice, target, block);
    let of = |parser: &&'static dyn LogParser| {
        chunks
            .iter()
            .flat_map(|chunk| parsed(*parser, chunk, None))
            .collect()
    };
    choice.parsers.iter().map(of).collect()
}

/// The events of a whole text by one parser, without repair.
pub(crate) fn read(parser: &'static dyn LogParser, text: &str) -> Vec<Event<'static>> {
    let choice = Choice {
        parsers: vec![parser],
        repair: false,
    };
    events(text.as_bytes(), &choice, 1 << 20, 1 << 16)
        .into_iter()
        .flatten()
        .collect()
}

/// The events of a text as the program would choose to read it.
pub(crate) fn read_chosen(text: &str) -> Vec<Event<'static>> {
    let choice = super::choose(text.as_bytes()).expect("some format is recognised");
    events(text.as_bytes(), &choice, 1 << 20, 1 << 16)
        .into_iter()
        .flatten()
        .collect()
}

/// Holds picked parsing against full parsing: every pick alone gives records of the full
/// parse, all of them together give all of it, and many give what each alone gives.
pub(crate) fn picks_hold(parser: &dyn LogParser, chunk: &Chunk, picks: &[usize]) {
    let full = parsed(parser, chunk, None);
    let everything: Vec<usize> = (0..chunk.bytes.len()).collect();
    assert_eq!(
        parsed(parser, chunk, Some(&everything)),
        full,
        "{}",
        parser.id()
    );
    let mut expected: Vec<Event<'static>> = Vec::new();
    for pick in picks {
        for event in parsed(parser, chunk, Some(&[*pick])) {
            assert!(full.contains(&event), "{}", parser.id());
            if !expected.contains(&event) {
                expected.push(event);
            }
        }
    }
    expected.sort_by_key(|event| full.iter().position(|other| other == event));
    assert_eq!(
        parsed(parser, chunk, Some(picks)),
        expected,
        "{}",
        parser.id()
    );
}

/// A certificate of a server, valid from June 2016 to May 2026.
pub(crate) const SERVER: &str = "\
-----BEGIN CERTIFICATE-----\n\
MIIBgTCCASigAwIBAgIUeSj690yGRC7B2LtvjEEGyEp96GIwCgYIKoZIzj0EAwIw\n\
JDEMMAoGA1UECgwDTGFiMRQwEgYDVQQDDAtMYWIgaXNzdWluZzAeFw0xNjA2MDEw\n\
MDAwMDBaFw0yNjA2MDEwMDAwMDBaMCkxDDAKBgNVBAoMA0xhYjEZMBcGA1UEAwwQ\n\
Y21zMi5sYWIuZXhhbXBsZTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABJcafc4x\n\
HAMdsepo3HA1pZ7VDjJOFv7Yw83nGxgw6HRXM7WfYMODXAGFlcJZWWYqCIn54QCc\n\
mmdTLdBCjtPBp+ijMzAxMAwGA1UdEwEB/wQCMAAwIQYDVR0RBBowGIIQY21zMi5s\n\
YWIuZXhhbXBsZYcECjA2TDAKBggqhkjOPQQDAgNHADBEAiB71K4/7QvPaxRfaCj9\n\
cTfGwsATNrcQ4JFpQHu1OVgCUAIgByzLADe41rK3eKP/B3/jEqg7PjF32IOBMCsA\n\
6JX8OrQ=\n\
-----END CERTIFICATE-----\n";
/// The one that signed it, valid from 2015 to 2029.
pub(crate) const ISSUING: &str = "\
-----BEGIN CERTIFICATE-----\n\
MIIBWjCCAQCgAwIBAgIUFPMA30n0PPYqLx+Dto/id83cnzMwCgYIKoZIzj0EAwIw\n\
ITEMMAoGA1UECgwDTGFiMREwDwYDVQQDDAhMYWIgcm9vdDAeFw0xNTAxMDEwMDAw\n\
MDBaFw0zMDAxMDEwMDAwMDBaMCQxDDAKBgNVBAoMA0xhYjEUMBIGA1UEAwwLTGFi\n\
IGlzc3VpbmcwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAS165yOv3Dc7krWlIoz\n\
3K6xOeSknyVLGH6FQQhOmRqe99kSc9E0pbxB+v4jrRVX3UopakPoqs8CNR5KTeGF\n\
PlZaoxMwETAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0gAMEUCIQCJW9Kz\n\
/SKGvSVoiNXMLN2Lgx92SwzfK0gJssofaz8RCQIgTXZ4fDeVzTUJHqGeH80oSQkE\n\
zsZrRu+1SlVF57/f/6g=\n\
-----END CERTIFICATE-----\n";
/// The one that signed that, valid from 2015 to 2034.
pub(crate) const ROOT: &str = "\
-----BEGIN CERTIFICATE-----\n\
MIIBVzCB/aADAgECAhQQsvBFE+63ACoGGedI1DqyUnWP6DAKBggqhkjOPQQDAjAh\n\
MQwwCgYDVQQKDANMYWIxETAPBgNVBAMMCExhYiByb290MB4XDTE1MDEwMTAwMDAw\n\
MFoXDTM1MDEwMTAwMDAwMFowITEMMAoGA1UECgwDTGFiMREwDwYDVQQDDAhMYWIg\n\
cm9vdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABAiDGLD4IEEMsPKY3jb25+CE\n\
INjM4l8I09cHmGdrF4CpVDh4g0z8KQgpBYySTvBUDHf039rYiObme2KD1PR76+ij\n\
EzARMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSQAwRgIhAKKij4Za+iO4\n\
QZF8dMioRDSU1jeE4LLAtqHDjX4vcpxAAiEAnaJBfeTLTgZvkjO46QTAAwXHMRhA\n\
jxdTV/zt9M3v8F8=\n\
-----END CERTIFICATE-----\n";
/// A certificate of a client of a database, for clients only, valid from 2016 to 2029.
pub(crate) const CLIENT: &str = "\
-----BEGIN CERTIFICATE-----\n\
MIIBXjCCAQSgAwIBAgIUYmVWgnwRr8rxp2gM07kM+KzooNMwCgYIKoZIzj0EAwIw\n\
JDEMMAoGA1UECgwDTGFiMRQwEgYDVQQDDAtMYWIgaXNzdWluZzAeFw0xNjAxMDEw\n\
MDAwMDBaFw0zMDAxMDEwMDAwMDBaMCExDDAKBgNVBAoMA0xhYjERMA8GA1UEAwwI\n\
cG9zdGdyZXMwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATAzuNJFW24C/JBopgQ\n\
sOhcSd5Fl7575p3pfu5broLgmfErP92oEDmoX4cnmpv0Z4B8GeuwmGbTnluUNHc7\n\
QmogoxcwFTATBgNVHSUEDDAKBggrBgEFBQcDAjAKBggqhkjOPQQDAgNIADBFAiEA\n\
2U7w9ZgNoxvdPinr5UZYV0lOrLe44Tr0JTATLkw4kOUCIFRY7E1KCa+XjpkK6xWk\n\
D4iphoOkSaev8M2OrWrxsCx3\n\
-----END CERTIFICATE-----\n\n";

/// The bytes inside a PEM text.
pub(crate) fn der(pem: &str) -> Vec<u8> {
    let digit = |byte: u8| match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    };
    let body = pem.lines().filter(|line| !line.starts_with('-'));
    let digits: Vec<u8> = body.flat_map(str::bytes).filter_map(digit).collect();
    let group = |four: &[u8]| {
        let bits = four
            .iter()
            .fold(0_u32, |bits, digit| bits << 6 | u32::from(*digit));
        let bits = bits << (6 * (4 - four.len()) + 8);
        bits.to_be_bytes().into_iter().take(four.len() * 6 / 8)
    };
    digits.chunks(4).flat_map(group).collect()
}
