//! TLS towards a server that has to prove who it is: trust comes from a PEM file alone. With
//! `check::tls` the only user of rustls.

use std::io::{self, ErrorKind};
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::client::{WebPkiServerVerifier, verify_server_name};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::server::ParsedCertificate;
use tokio_rustls::rustls::{
    ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};

/// The certificates of a PEM text as authorities.
///
/// # Errors
/// When it holds no certificate.
pub fn roots(pem: &[u8]) -> Result<RootCertStore, &'static str> {
    let mut roots = RootCertStore::empty();
    let found = CertificateDer::pem_slice_iter(pem).flatten();
    let (added, _) = roots.add_parsable_certificates(found);
    match added {
        0 => Err("it holds no certificate in PEM form"),
        _ => Ok(roots),
    }
}

/// Whom to believe.
#[derive(Clone, Debug)]
pub struct Trust {
    judge: Arc<Judge>,
}

impl Trust {
    /// Believes the authorities of a PEM text, and servers whose own certificate stands in it:
    /// those in any case, for nodes sign themselves and their certificates expire.
    ///
    /// # Errors
    /// When it holds no certificate that is of use.
    pub fn from_pem(pem: &[u8]) -> Result<Self, String> {
        let roots = Arc::new(roots(pem)?);
        let provider = Arc::new(ring::default_provider());
        let by_authority = WebPkiServerVerifier::builder_with_provider(roots, provider)
            .build()
            .map_err(|error| error.to_string())?;
        let pinned = CertificateDer::pem_slice_iter(pem).flatten().collect();
        Ok(Self {
            judge: Arc::new(Judge {
                by_authority,
                pinned,
            }),
        })
    }
}

/// Why there is no TLS.
#[derive(Debug)]
pub enum Refusal {
    /// The certificate is not to be believed, or is somebody else's.
    Certificate(String),
    /// Anything else.
    Other(io::Error),
}

/// Begins TLS with a server of this name or address.
///
/// # Errors
/// See [`Refusal`].
pub async fn connect(
    stream: TcpStream,
    host: &str,
    trust: &Trust,
) -> Result<impl AsyncRead + AsyncWrite + Unpin + Send + use<>, Refusal> {
    let judge = Arc::clone(&trust.judge) as Arc<dyn ServerCertVerifier>;
    let connected = handshake(stream, host, judge).await;
    connected.map_err(|error| {
        let inner = error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<Error>());
        match inner {
            Some(Error::InvalidCertificate(_)) => Refusal::Certificate(error.to_string()),
            _ => Refusal::Other(error),
        }
    })
}

/// The handshake, in which `judge` decides about the server's certificate.
///
/// # Errors
/// Those of the connection, what TLS says, or `host` is no name.
pub async fn handshake(
    stream: TcpStream,
    host: &str,
    judge: Arc<dyn ServerCertVerifier>,
) -> io::Result<TlsStream<TcpStream>> {
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .dangerous()
        .with_custom_certificate_verifier(judge)
        .with_no_client_auth();
    let name = ServerName::try_from(host.to_owned())
        .map_err(|_| io::Error::new(ErrorKind::InvalidInput, "no name for TLS"))?;
    let connector = TlsConnector::from(Arc::new(config));
    connector.connect(name, stream).await
}

/// Believes what an authority vouches for, and certificates that it knows themselves. The name has
/// to be right in both cases.
#[derive(Debug)]
struct Judge {
    by_authority: Arc<WebPkiServerVerifier>,
    pinned: Vec<CertificateDer<'static>>,
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
        if self.pinned.iter().any(|known| known == end_entity) {
            verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
            return Ok(ServerCertVerified::assertion());
        }
        let judge = &self.by_authority;
        judge.verify_server_cert(end_entity, intermediates, server_name, ocsp, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.by_authority.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.by_authority.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.by_authority.supported_verify_schemes()
    }
}
