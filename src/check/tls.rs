//! TLS towards a database: what the server offers, and what its certificate is worth.

use std::error::Error as _;
use std::fmt;
use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::crypto::{
    CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature,
};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{
    CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};

use crate::parse::net::cert::{self, Certificate};
use crate::tls;

use super::url::SslMode;

/// The message that asks a PostgreSQL server for TLS.
const REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// What a server answers to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// TLS may begin.
    Offered,
    /// It has none.
    None,
    /// It is no PostgreSQL server; its first bytes.
    Other(Vec<u8>),
    /// It closed the connection.
    Closed,
}

/// Asks for TLS.
///
/// # Errors
/// Those of the connection.
pub(super) async fn ask(stream: &mut TcpStream) -> io::Result<Answer> {
    stream.write_all(&REQUEST).await?;
    let mut answer = [0; 64];
    let length = match stream.read(&mut answer).await {
        Ok(length) => length,
        Err(error) if error.kind() == ErrorKind::ConnectionReset => 0,
        Err(error) => return Err(error),
    };
    Ok(match answer.get(..length).unwrap_or(&[]) {
        [] => Answer::Closed,
        [b'S'] => Answer::Offered,
        [b'N'] => Answer::None,
        // a server too old or too busy for the question answers with an error message
        [b'E', 0, ..] => Answer::None,
        // also one that goes on behind its letter: nobody may speak before TLS does
        other => Answer::Other(other.to_vec()),
    })
}

/// What is expected of a certificate.
#[derive(Clone, Debug)]
pub(super) struct Trust {
    mode: SslMode,
    roots: Option<Arc<RootCertStore>>,
}

impl Trust {
    /// Trusts the authorities of a PEM text. As with `libpq`, `require` with authorities is
    /// `verify-ca`.
    ///
    /// # Errors
    /// When it holds no certificate.
    pub(super) fn new(mode: SslMode, pem: Option<&[u8]>) -> Result<Self, &'static str> {
        let roots = match pem {
            None => None,
            Some(pem) => Some(Arc::new(tls::roots(pem)?)),
        };
        let mode = match mode {
            SslMode::Require if roots.is_some() => SslMode::VerifyCa,
            mode => mode,
        };
        Ok(Self { mode, roots })
    }
}

/// What is known of a session or of why there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// Version, certificate, and what a verification says.
    pub(super) evidence: Vec<String>,
    /// Why the certificate is refused or would be.
    pub(super) untrusted: Option<String>,
}

/// Begins TLS on a connection whose server offered it.
///
/// # Errors
/// What the handshake ended with, and what was learnt before.
pub(super) async fn begin(
    stream: TcpStream,
    host: &str,
    trust: &Trust,
) -> Result<(TlsStream<TcpStream>, Told), (io::Error, Told)> {
    let early = |error: io::Error| (error, Told::default());
    let provider = Arc::new(ring::default_provider());
    let judge = Judge::new(trust, provider).map_err(|e| early(io::Error::other(e)))?;
    let judge = Arc::new(judge);
    let connected = tls::handshake(stream, host, Arc::clone(&judge) as Arc<_>).await;
    let mut told = judge.told();
    match connected {
        Ok(stream) => {
            if let Some(version) = stream.get_ref().1.protocol_version() {
                told.evidence.insert(0, format!("{version:?}"));
            }
            Ok((stream, told))
        }
        Err(error) => Err((error, told)),
    }
}

/// Looks at certificates, notes the verdict, and refuses only where the URL wants that.
struct Judge {
    mode: SslMode,
    inner: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
    told: Mutex<Told>,
}

impl Judge {
    fn new(trust: &Trust, provider: Arc<CryptoProvider>) -> Result<Self, String> {
        let inner = trust.roots.as_ref().map(|roots| {
            WebPkiServerVerifier::builder_with_provider(Arc::clone(roots), Arc::clone(&provider))
                .build()
        });
        Ok(Self {
            mode: trust.mode,
            inner: inner.transpose().map_err(|error| error.to_string())?,
            provider,
            told: Mutex::default(),
        })
    }

    fn told(&self) -> Told {
        self.told
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl fmt::Debug for Judge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Judge").field("mode", &self.mode).finish()
    }
}

impl ServerCertVerifier for Judge {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verdict = self.inner.as_ref().map(|inner| {
            inner.verify_server_cert(end_entity, intermediates, server_name, ocsp, now)
        });
        let refused = match verdict {
            Some(Err(error)) if self.mode != SslMode::VerifyFull && is_name(&error) => None,
            Some(Err(error)) => Some(error),
            Some(Ok(_)) | None => None,
        };
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.evidence.extend(described(end_entity));
        told.untrusted = refused.as_ref().map(reason);
        match refused {
            Some(error) if self.mode.verifies() => Err(error),
            _ => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, cert, dss, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, cert, dss, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

fn is_name(error: &Error) -> bool {
    matches!(
        error,
        Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }
        )
    )
}

fn reason(error: &Error) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

/// Subject, issuer and end of a certificate.
fn described(der: &CertificateDer<'_>) -> Option<String> {
    let found = Certificate::from_der(der)?;
    let name = |name: &Option<String>| name.clone().unwrap_or_else(|| "?".to_owned());
    Some(format!(
        "certificate \"{}\", issued by \"{}\", until {}",
        name(&found.subject_cn),
        name(&found.issuer_cn),
        cert::date(found.not_after).unwrap_or_else(|| "?".to_owned()),
    ))
}
