//! Whether the port can be reached at all: names, then TCP.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use super::finding::Finding;

const ID: &str = "reachable";
/// Addresses of one name that are tried.
const ADDRESSES: usize = 4;

/// A port that answers.
#[derive(Debug)]
pub(super) struct Reached {
    /// The first connection.
    pub(super) stream: TcpStream,
    /// The address that answered.
    pub(super) address: SocketAddr,
    /// The finding that says so.
    pub(super) finding: Finding,
}

/// Connects to the first address of a host that answers.
///
/// # Errors
/// The finding that says why none does.
pub(super) async fn reach(host: &str, port: u16, limit: Duration) -> Result<Reached, Finding> {
    let addresses = addresses(host, port, limit).await?;
    let mut failed = None;
    let mut tried = Vec::new();
    for address in addresses.into_iter().take(ADDRESSES) {
        let begun = Instant::now();
        match connect(address, limit).await {
            Ok(stream) => {
                let finding = Finding::ok(ID, "check.reachable.ok")
                    .place("address", address.ip())
                    .place("port", port)
                    .place("millis", begun.elapsed().as_millis());
                let finding = tried.iter().fold(finding, Finding::saw);
                return Ok(Reached {
                    stream,
                    address,
                    finding,
                });
            }
            Err(error) => {
                tried.push(format!("{address}: {error}"));
                failed.get_or_insert(error);
            }
        }
    }
    let finding = match failed {
        Some(error) => Finding::problem(ID, key_of(&error)),
        None => Finding::problem(ID, "check.reachable.unresolved"),
    };
    let finding = finding
        .place("host", host)
        .place("port", port)
        .place("seconds", limit.as_secs_f32());
    Err(tried.iter().fold(finding, Finding::saw))
}

/// Connects once.
pub(super) async fn connect(address: SocketAddr, limit: Duration) -> io::Result<TcpStream> {
    match timeout(limit, TcpStream::connect(address)).await {
        Ok(done) => done,
        Err(_) => Err(ErrorKind::TimedOut.into()),
    }
}

/// The addresses of a name, each once, in the order in which the system names them.
pub(super) async fn resolve(name: &str, limit: Duration) -> io::Result<Vec<SocketAddr>> {
    let found = match timeout(limit, lookup_host((name, 0))).await {
        Ok(found) => found?,
        Err(_) => return Err(ErrorKind::TimedOut.into()),
    };
    let mut addresses: Vec<SocketAddr> = Vec::new();
    for address in found {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    Ok(addresses)
}

async fn addresses(host: &str, port: u16, limit: Duration) -> Result<Vec<SocketAddr>, Finding> {
    let with_port = |mut address: SocketAddr| {
        address.set_port(port);
        address
    };
    match resolve(host, limit).await {
        Ok(found) => Ok(found.into_iter().map(with_port).collect()),
        Err(error) => Err(Finding::problem(ID, "check.reachable.unresolved")
            .place("host", host)
            .saw(error.to_string())),
    }
}

fn key_of(error: &io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::ConnectionRefused => "check.reachable.refused",
        ErrorKind::TimedOut => "check.reachable.silent",
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => "check.reachable.unreachable",
        ErrorKind::PermissionDenied => "check.reachable.prohibited",
        _ => "check.reachable.failed",
    }
}
