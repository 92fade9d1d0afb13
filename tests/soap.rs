//! The agent for the service control interface against servers with good, foreign and broken
//! certificates and answers.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test that panics has failed, which is what it is for"
)]

use std::path::Path;
use std::process::Command as Process;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use clusterdx::agent::connect::connect;
use clusterdx::agent::target::{Place, Target};
use clusterdx::agent::{AgentError, Answer, Command, FailureKind, Output};
use clusterdx::catalog::remedy::Dialect;
use clusterdx::model::secret::Secret;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

const PASSWORD: &str = "s0ap-p4ssw0rd";

const ROUTER: &str = "<ns1:ReturnCode>0</ns1:ReturnCode><ns1:item>\
    <ns1:ServiceName>Cisco XCP Router</ns1:ServiceName><ns1:ServiceStatus>Started</ns1:ServiceStatus>\
    <ns1:ReasonCodeString> </ns1:ReasonCodeString></ns1:item>";

/// An authority, a certificate of it for `localhost`, one that signs itself, and an authority that
/// nobody believes; made by openssl.
fn certificates() -> Option<TempDir> {
    let folder = TempDir::new().unwrap();
    let openssl = |line: &str| {
        let args = line.split(' ');
        let output = Process::new("openssl")
            .args(args)
            .current_dir(&folder)
            .output();
        output.is_ok_and(|output| output.status.success())
    };
    let new = "req -newkey rsa:2048 -nodes";
    let names = "-addext subjectAltName=DNS:localhost";
    let made = ["ca", "other"]
        .map(|name| openssl(&format!("{new} -x509 -subj /CN={name} -keyout {name}.key -out {name}.crt")))
        .into_iter()
        .chain([
            openssl(&format!("{new} -x509 -subj /CN=imp1a {names} -keyout self.key -out self.crt")),
            openssl(&format!("{new} -subj /CN=imp1a {names} -keyout node.key -out node.csr")),
            openssl(
                "x509 -req -in node.csr -copy_extensions copy -CA ca.crt -CAkey ca.key -CAcreateserial -out node.crt",
            ),
        ])
        .all(|done| done);
    if !made {
        eprintln!("skipped: openssl makes no certificates here");
        return None;
    }
    Some(folder)
}

/// How a server behaves.
#[derive(Clone)]
enum Says {
    /// Once the request is there.
    This(String),
    /// Ever more.
    Endless,
    /// Never anything.
    Nothing,
}

fn http(status: &str, body: &str) -> Says {
    let length = body.len();
    Says::This(format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/xml\r\nContent-Length: {length}\r\n\r\n{body}"
    ))
}

fn acceptor(folder: &Path, name: &str) -> TlsAcceptor {
    let chain = CertificateDer::from_pem_file(folder.join(format!("{name}.crt"))).unwrap();
    let key = PrivateKeyDer::from_pem_file(folder.join(format!("{name}.key"))).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![chain], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor, says: Says, seen: Arc<Mutex<String>>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let Ok(mut stream) = acceptor.accept(stream).await else {
            continue;
        };
        let mut request = String::new();
        while !request.ends_with("</soapenv:Envelope>") {
            match stream.read_u8().await {
                Ok(byte) => request.push(char::from(byte)),
                Err(_) => break,
            }
        }
        if request.is_empty() {
            continue;
        }
        *seen.lock().unwrap() = request;
        match &says {
            Says::This(text) => {
                _ = stream.write_all(text.as_bytes()).await;
                _ = stream.shutdown().await;
            }
            Says::Endless => while stream.write_all(&[b'x'; 1 << 16]).await.is_ok() {},
            Says::Nothing => std::future::pending().await,
        }
    }
}

/// Sends a line to a server with this certificate; trusts those of `ca`. Gives what came and what
/// the server saw.
fn ask(
    folder: &Path,
    (cert, ca, host): (&str, &str, &str),
    says: Says,
    line: &str,
) -> (Result<Output, AgentError>, String) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Mutex::new(String::new()));
        let server = serve(listener, acceptor(folder, cert), says, Arc::clone(&seen));
        let url = format!("soap://admin@{host}:{port}");
        let mut target = Target::new("imp1a", Place::parse(&url).unwrap());
        target.password = Some(Secret::new(PASSWORD));
        target.ca_file = Some(folder.join(format!("{ca}.crt")));
        let client = async {
            let deadline = Instant::now() + Duration::from_millis(1500);
            let mut agent = connect(&target, &dialect(), deadline).await?;
            let command = Command {
                line: line.to_owned(),
                closes: false,
                stop_after: None,
            };
            agent.run(&command, deadline).await
        };
        let result = tokio::select! {
            result = client => result,
            () = server => panic!("the server goes on"),
        };
        let seen = seen.lock().unwrap().clone();
        (result, seen)
    })
}

fn dialect() -> Dialect {
    let words = |list: &[&str]| list.iter().map(|word| (*word).to_owned()).collect();
    Dialect {
        reads: words(&["utils service list", "show status"]),
        verbs: words(&["utils service restart"]),
        ..Dialect::default()
    }
}

const GOOD: (&str, &str, &str) = ("node", "ca", "localhost");

#[test]
fn services_are_listed_and_restarted() {
    let Some(folder) = certificates() else {
        return;
    };
    let (output, seen) = ask(
        folder.path(),
        GOOD,
        http("200 OK", ROUTER),
        "utils service list",
    );
    assert_eq!(output.unwrap().text, "Cisco XCP Router[STARTED]\n");
    assert!(
        seen.contains("SOAPAction: \"soapGetServiceStatus\""),
        "{seen}"
    );
    // admin and the password
    assert!(
        seen.contains("Authorization: Basic YWRtaW46czBhcC1wNHNzdzByZA==\r\n"),
        "{seen}"
    );

    let line = "utils service restart Cisco XCP Router";
    let (output, seen) = ask(folder.path(), GOOD, http("200 OK", ROUTER), line);
    assert_eq!(output.unwrap().answer, Answer::Done);
    for part in [
        "<s:ControlType>Restart<",
        "<s:item>Cisco XCP Router<",
        "<s:NodeName>localhost<",
    ] {
        assert!(seen.contains(part), "{part} in {seen}");
    }
    let (output, seen) = ask(folder.path(), GOOD, http("200 OK", ROUTER), "show status");
    assert_eq!(output.unwrap().answer, Answer::Unknown);
    assert_eq!(seen, "");
    for line in ["utils service stop A", "utils service restart Cisco Tomcat"] {
        let (output, seen) = ask(folder.path(), GOOD, http("200 OK", ROUTER), line);
        assert_eq!(output.unwrap_err().kind, FailureKind::Refused, "{line}");
        assert_eq!(seen, "");
    }
}

#[test]
fn nothing_is_sent_to_a_node_whose_certificate_is_not_its_own() {
    let Some(folder) = certificates() else {
        return;
    };
    for (ends, refused) in [
        (("self", "self", "localhost"), false),
        (("node", "node", "localhost"), false),
        (("node", "other", "localhost"), true),
        (("node", "self", "localhost"), true),
        (("self", "ca", "localhost"), true),
        (("node", "ca", "127.0.0.1"), true),
        (("self", "self", "127.0.0.1"), true),
    ] {
        let (output, seen) = ask(
            folder.path(),
            ends,
            http("200 OK", ROUTER),
            "utils service list",
        );
        let kind = output.err().map(|error| error.kind);
        assert_eq!(kind, refused.then_some(FailureKind::HostKey), "{ends:?}");
        assert_eq!(seen.is_empty(), refused, "{ends:?}");
    }
}

#[test]
fn refusals_and_broken_answers_have_their_kind() {
    let Some(folder) = certificates() else {
        return;
    };
    let fault = "<soapenv:Fault><faultstring>Access denied</faultstring></soapenv:Fault>";
    let cut = "HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n<a>".to_owned();
    let list = |says| ask(folder.path(), GOOD, says, "utils service list").0;
    let output = list(http("500 Internal Server Error", fault)).unwrap();
    assert_eq!(
        (output.answer, output.text.as_str()),
        (Answer::Failed, "Access denied\n")
    );
    let output = list(http("503 Service Unavailable", "")).unwrap();
    assert_eq!(
        (output.answer, output.text.as_str()),
        (Answer::Failed, "HTTP 503\n")
    );
    for (says, kind) in [
        (http("401 Unauthorized", ""), FailureKind::Auth),
        (http("200 OK", "<html>hello</html>"), FailureKind::Dialect),
        (
            Says::This("SSH-2.0-OpenSSH\r\n".to_owned()),
            FailureKind::Dialect,
        ),
        (Says::This(cut), FailureKind::Closed),
        (Says::Endless, FailureKind::Flood),
        (Says::Nothing, FailureKind::Timeout),
    ] {
        assert_eq!(list(says).unwrap_err().kind, kind);
    }
}

#[test]
fn without_a_password_or_authorities_nothing_is_tried() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut target = Target::new("imp1a", Place::parse("soap://admin@localhost:1").unwrap());
    let mut kind = |change: &dyn Fn(&mut Target)| {
        change(&mut target);
        let dialect = dialect();
        let connecting = connect(&target, &dialect, Instant::now());
        runtime
            .block_on(connecting)
            .err()
            .expect("it is refused")
            .kind
    };
    assert_eq!(kind(&|_| ()), FailureKind::Auth);
    assert_eq!(
        kind(&|t| t.password = Some(Secret::new(PASSWORD))),
        FailureKind::HostKey
    );
    assert_eq!(
        kind(&|t| t.ca_file = Some("/nonexistent".into())),
        FailureKind::Connect
    );
}
