//! Conversations in TLS as bytes, and such that mean something for a beginning.
//!
//! Three bytes say how the connection ends and when; then parts follow: a byte of flags, two of
//! length, and the bytes that one side says, unless the flags say that they are missing.

/// A part of a conversation.
#[derive(Clone, Copy, Debug)]
pub enum Part<'d> {
    /// The originator (true) or the responder says something.
    Said(bool, &'d [u8]),
    /// So many bytes are missing.
    Gap(bool, u64),
}

/// A conversation.
#[derive(Debug)]
pub struct Script<'d> {
    pub fin: Option<bool>,
    pub reset: Option<bool>,
    pub silence: Option<i64>,
    pub at: Option<i64>,
    pub parts: Vec<Part<'d>>,
}

impl<'d> Script<'d> {
    /// Any bytes are a conversation.
    pub fn read(data: &'d [u8]) -> Self {
        let (head, mut rest) = data.split_at(data.len().min(3));
        let flags = head.first().copied().unwrap_or(0);
        let bit = |place: u8| flags >> place & 1 == 1;
        let byte = |place: usize| head.get(place).map(|byte| i64::from(*byte));
        let mut parts = Vec::new();
        while let [flags, high, low, behind @ ..] = rest {
            let length = usize::from(u16::from_be_bytes([*high, *low]));
            let own = flags & 1 == 1;
            if flags & 2 == 2 {
                let length = if flags & 4 == 4 {
                    u64::MAX
                } else {
                    length as u64
                };
                parts.push(Part::Gap(own, length));
                rest = behind;
                continue;
            }
            let (said, behind) = behind.split_at(length.min(behind.len()));
            parts.push(Part::Said(own, said));
            rest = behind;
        }
        Self {
            fin: bit(0).then_some(bit(1)),
            reset: bit(2).then_some(bit(3)),
            silence: byte(1).map(|seconds| seconds * 1_000_000),
            // years since 1970
            at: byte(2)
                .filter(|_| bit(4))
                .map(|years| years * 31_556_952_000_000),
            parts,
        }
    }
}

/// Conversations that are whole, with these certificates (DER).
pub fn seeds(certificates: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let chain: Vec<u8> = certificates
        .iter()
        .take(3)
        .flat_map(|der| [&length(der), &der[..]].concat())
        .collect();
    let chain = message(11, &[&length(&chain), &chain[..]].concat());
    let old_hello = record(22, &message(2, &server_hello(&[3, 3], &[0xc0, 0x30], &[])));
    let new_hello = record(
        22,
        &message(
            2,
            &server_hello(&[3, 3], &[0x13, 0x01], &[0, 43, 0, 2, 3, 4]),
        ),
    );
    let asked = record(22, &message(13, &[1, 1, 0, 2, 4, 1, 0, 0]));
    let done = record(22, &message(14, &[]));
    let server = [old_hello, record(22, &chain), asked, done].concat();
    let key = record(22, &message(16, &[4; 66]));
    let switch = [record(20, &[1]), record(22, &[0xa5; 40])].concat();
    let client = [record(22, &chain), key, switch.clone()].concat();
    let data = |bytes: usize| record(23, &vec![0x5a; bytes]);
    let alert = record(21, &[2, 48]);
    let sealed = record(21, &[9; 26]);
    let hidden = [new_hello, data(900), data(53)].concat();
    let both: [(bool, Vec<u8>); 4] = [
        (true, client_hello()),
        (false, server),
        (true, client),
        (false, switch),
    ];
    let modern = [(true, client_hello()), (false, hidden)];
    let with = |base: &[(bool, Vec<u8>)], more: &[(bool, Vec<u8>)]| [base, more].concat();
    let scripts = [
        with(
            &both,
            &[(true, data(90)), (false, data(400)), (true, sealed.clone())],
        ),
        with(
            &both,
            &[(true, data(90)), (false, data(130)), (false, sealed)],
        ),
        with(&both, &[]),
        with(&both[..2], &[(true, alert.clone())]),
        with(&both[..3], &[(false, alert.clone())]),
        with(
            &both[..1],
            &[(false, b"HTTP/1.1 400 Bad Request\r\n".to_vec())],
        ),
        with(
            &modern,
            &[(true, data(53)), (true, data(90)), (false, data(400))],
        ),
        with(&modern, &[(true, data(53)), (false, data(19))]),
        with(&modern, &[(true, alert)]),
        vec![(
            true,
            [&[0x80, 0x2b, 1, 3, 1, 0, 18, 0, 0, 0, 16], &[7; 34][..]].concat(),
        )],
    ];
    let ends = [[0x11, 0, 50], [0x13, 0, 80], [0x14, 1, 50], [0, 9, 0]];
    let mut seeds = Vec::new();
    for script in &scripts {
        for end in ends {
            let parts = script.iter().map(|(own, bytes)| part(*own, bytes));
            seeds.push([end.to_vec(), parts.collect::<Vec<_>>().concat()].concat());
        }
        // as a short snap length leaves it
        let cut = script.iter().map(|(own, bytes)| {
            let (kept, lost) = bytes.split_at(bytes.len().min(60));
            let lost = u16::try_from(lost.len()).unwrap_or(u16::MAX).to_be_bytes();
            [part(*own, kept), vec![2 | u8::from(*own), lost[0], lost[1]]].concat()
        });
        seeds.push([vec![0x13, 0, 50], cut.collect::<Vec<_>>().concat()].concat());
    }
    seeds
}

fn part(own: bool, bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len())
        .expect("a short part")
        .to_be_bytes();
    [&[u8::from(own)], &length[..], bytes].concat()
}

fn length(bytes: &[u8]) -> [u8; 3] {
    let [_, length @ ..] = u32::try_from(bytes.len())
        .expect("a short list")
        .to_be_bytes();
    length
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind], &length(body)[..], body].concat()
}

fn record(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len())
        .expect("a short record")
        .to_be_bytes();
    [&[kind, 3, 3], &length[..], body].concat()
}

fn client_hello() -> Vec<u8> {
    let extensions = [
        &b"\0\0\0\x0d\0\x0b\0\0\x08db.lab.x"[..],
        b"\0\x10\0\x0d\0\x0b\x0apostgresql",
        b"\0\x2b\0\x05\x04\x03\x04\x03\x03",
    ]
    .concat();
    let size = u16::try_from(extensions.len())
        .expect("short")
        .to_be_bytes();
    let body = [
        &[3, 3][..],
        &[7; 32],
        &[0, 0, 4, 0x13, 0x01, 0xc0, 0x30, 1, 0],
        &size,
        &extensions,
    ];
    record(22, &message(1, &body.concat()))
}

fn server_hello(version: &[u8], cipher: &[u8], extensions: &[u8]) -> Vec<u8> {
    let size = u16::try_from(extensions.len())
        .expect("short")
        .to_be_bytes();
    [version, &[9; 32], &[0], cipher, &[0], &size, extensions].concat()
}
