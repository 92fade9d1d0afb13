//! One request over HTTPS. HTTP/1.0 on purpose: its answers end with the connection and come in
//! one piece, so that no client library is needed for one kind of request.

use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{Server, failed};
use crate::agent::{AgentError, FailureKind};
use crate::tls::{self, Refusal};

/// Where the interface is.
const PATH: &str = "/controlcenterservice2/services/ControlCenterServices";

/// Bytes of an answer, with its head.
const LARGEST: u64 = 4 << 20;

/// Characters of an answer that are shown.
const SHOWN: usize = 300;

/// An answer.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) body: String,
}

impl Reply {
    /// Its beginning, clean.
    pub(super) fn start(&self) -> String {
        let plain = self.body.chars().filter(|c| !c.is_control());
        plain.take(SHOWN).collect()
    }
}

/// Connects, and checks the certificate.
pub(super) async fn open(
    server: &Server,
) -> Result<impl AsyncRead + AsyncWrite + Unpin + Send + use<>, AgentError> {
    let stream = TcpStream::connect((server.host.as_str(), server.port)).await;
    let stream = stream.map_err(|error| {
        let what = format!("no connection to the node: {error}");
        failed(FailureKind::Connect, &what)
    })?;
    tls::connect(stream, &server.host, &server.trust)
        .await
        .map_err(|refusal| match refusal {
            Refusal::Certificate(reason) => AgentError {
                help: "compare the node's certificate with the one in ca_file; its name has to \
                       be the one of the inventory"
                    .to_owned(),
                ..failed(
                    FailureKind::HostKey,
                    &format!("the node's certificate is refused: {reason}"),
                )
            },
            Refusal::Other(error) => {
                let what = format!("the node does not speak TLS as it should: {error}");
                failed(FailureKind::Connect, &what)
            }
        })
}

/// Sends a request and reads its answer.
pub(super) async fn post(server: &Server, action: &str, body: &str) -> Result<Reply, AgentError> {
    let mut stream = open(server).await?;
    let request = request(server, action, body);
    let mut raw = Vec::new();
    let exchange: io::Result<()> = async {
        stream.write_all(request.as_bytes()).await?;
        stream.flush().await?;
        let mut limited = stream.take(LARGEST + 1);
        limited.read_to_end(&mut raw).await.map(drop)
    }
    .await;
    let broken = |kind, what: &str| AgentError {
        sent: true,
        ..failed(kind, what)
    };
    if raw.len() as u64 > LARGEST {
        let what = "the answer is longer than anybody reads";
        return Err(broken(FailureKind::Flood, what));
    }
    match (reply(&raw), exchange) {
        // without a length only an orderly end tells that nothing is missing
        (Some((reply, announced)), exchange) if announced || exchange.is_ok() => Ok(reply),
        (Some(_), _) => Err(broken(FailureKind::Closed, "the answer is cut")),
        (None, Ok(())) if !raw.starts_with(b"HTTP/1.") => {
            Err(broken(FailureKind::Dialect, "the node does not speak HTTP"))
        }
        (None, Ok(())) => Err(broken(FailureKind::Closed, "the answer is cut")),
        (None, Err(error)) => {
            let what = format!("the connection was lost: {error}");
            Err(broken(FailureKind::Closed, &what))
        }
    }
}

fn request(server: &Server, action: &str, body: &str) -> String {
    let login = format!("{}:{}", server.user, server.password.reveal());
    let host = match server.host.contains(':') {
        true => format!("[{}]", server.host),
        false => server.host.clone(),
    };
    format!(
        "POST {PATH} HTTP/1.0\r\nHost: {host}:{}\r\nAuthorization: Basic {}\r\n\
         Content-Type: text/xml; charset=utf-8\r\nSOAPAction: \"{action}\"\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        server.port,
        STANDARD.encode(login),
        body.len(),
    )
}

/// Takes an answer apart, and tells whether its length was announced; nothing if it is cut or
/// none. What was announced has to be there.
fn reply(raw: &[u8]) -> Option<(Reply, bool)> {
    let end = raw.windows(4).position(|four| four == b"\r\n\r\n")?;
    let (head, rest) = raw.split_at(end);
    let body = rest.get(4..)?;
    let head = str::from_utf8(head).ok()?;
    let mut lines = head.lines();
    let status = lines.next()?.strip_prefix("HTTP/1.")?.split(' ').nth(1)?;
    let announced = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let length = name.eq_ignore_ascii_case("content-length");
        length.then(|| value.trim().parse::<usize>().ok()).flatten()
    });
    let body = match announced {
        Some(length) => body.get(..length)?,
        None => body,
    };
    let reply = Reply {
        status: status.parse().ok()?,
        body: String::from_utf8_lossy(body).into_owned(),
    };
    Some((reply, announced.is_some()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_taken_apart() {
        let (whole, announced) = reply(b"HTTP/1.1 200 OK\r\nContent-length: 2\r\n\r\nab").unwrap();
        assert_eq!(
            (whole.status, whole.body.as_str(), announced),
            (200, "ab", true)
        );
        let (open, announced) = reply(b"HTTP/1.0 500 x\r\n\r\nlong").unwrap();
        assert_eq!((open.status, announced), (500, false));
        for cut in [
            &b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab"[..],
            b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n",
            b"SSH-2.0-x\r\n\r\n",
            b"HTTP/1.1\r\n\r\n",
            b"",
        ] {
            assert!(reply(cut).is_none(), "{}", String::from_utf8_lossy(cut));
        }
    }
}
