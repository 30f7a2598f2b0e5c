//! An auth provider: keys, tokens, and a server that publishes the keys.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A key of the provider.
pub enum SigningKey {
    Shared(String),
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair),
}

impl SigningKey {
    /// Always the same: it was made for these tests, and making one takes seconds.
    pub fn rsa() -> Self {
        Self::Rsa(RsaKeyPair::from_pkcs8(include_bytes!("rsa-test-key.pk8")).unwrap())
    }

    /// A new one each time.
    pub fn ec() -> Self {
        let (random, algorithm) = (SystemRandom::new(), &ECDSA_P256_SHA256_FIXED_SIGNING);
        let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        Self::Ec(EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random).unwrap())
    }

    fn algorithm(&self) -> &'static str {
        match self {
            Self::Shared(_) => "HS256",
            Self::Rsa(_) => "RS256",
            Self::Ec(_) => "ES256",
        }
    }

    /// As a key set lists it.
    pub fn jwk(&self, id: &str) -> Value {
        match self {
            Self::Shared(secret) => json!({ "kid": id, "kty": "oct", "k": encode(secret) }),
            Self::Rsa(pair) => {
                let public: PublicKeyComponents<Vec<u8>> = pair.public().into();
                json!({ "kid": id, "kty": "RSA", "use": "sig", "alg": "RS256",
                    "n": encode(public.n), "e": encode(public.e) })
            }
            Self::Ec(pair) => {
                let point = pair.public_key().as_ref();
                json!({ "kid": id, "kty": "EC", "crv": "P-256",
                    "x": encode(&point[1..33]), "y": encode(&point[33..]) })
            }
        }
    }

    /// A token with these claims.
    pub fn token(&self, id: &str, claims: &Value) -> String {
        let header = json!({ "alg": self.algorithm(), "kid": id, "typ": "JWT" });
        self.sign(&header, claims)
    }

    /// A token with any header at all.
    pub fn sign(&self, header: &Value, claims: &Value) -> String {
        let signed = format!(
            "{}.{}",
            encode(header.to_string()),
            encode(claims.to_string())
        );
        let (bytes, random) = (signed.as_bytes(), SystemRandom::new());
        let signature = match self {
            Self::Shared(secret) => {
                let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret.as_bytes());
                ring::hmac::sign(&key, bytes).as_ref().to_vec()
            }
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, bytes, &mut signature)
                    .unwrap();
                signature
            }
            Self::Ec(pair) => pair.sign(&random, bytes).unwrap().as_ref().to_vec(),
        };
        format!("{signed}.{}", encode(signature))
    }
}

pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// How the server responds.
#[derive(Clone)]
pub enum Behaviour {
    Respond(u16, String),
    /// The keys, once they are released.
    Held(String),
    Silence,
}

/// Publishes keys on loopback, and counts requests.
pub struct KeyServer {
    pub url: String,
    asked: watch::Sender<u64>,
    release: watch::Sender<bool>,
    behaviour: Arc<Mutex<Behaviour>>,
    task: JoinHandle<()>,
}

impl KeyServer {
    pub async fn start(keys: &[Value]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/keys", listener.local_addr().unwrap());
        let (asked, release) = (watch::Sender::new(0), watch::Sender::new(false));
        let behaviour = Arc::new(Mutex::new(Behaviour::Silence));
        let (count, held, current) = (asked.clone(), release.clone(), behaviour.clone());
        let task = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                count.send_modify(|count| *count += 1);
                let behaviour = current.lock().unwrap().clone();
                let mut released = held.subscribe();
                tokio::spawn(async move {
                    let _ = stream.read(&mut [0; 4_096]).await;
                    let behaviour = match behaviour {
                        Behaviour::Held(body) => {
                            let _ = released.wait_for(|released| *released).await;
                            Behaviour::Respond(200, body)
                        }
                        other => other,
                    };
                    match behaviour {
                        Behaviour::Respond(status, body) => {
                            let head = format!(
                                "HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                                body.len()
                            );
                            let _ = stream.write_all((head + &body).as_bytes()).await;
                        }
                        _ => std::future::pending().await,
                    }
                });
            }
        });
        let server = Self {
            url,
            asked,
            release,
            behaviour,
            task,
        };
        server.publish(keys);
        server
    }

    pub fn publish(&self, keys: &[Value]) {
        self.behave(Behaviour::Respond(200, json!({ "keys": keys }).to_string()));
    }

    pub fn behave(&self, behaviour: Behaviour) {
        *self.behaviour.lock().unwrap() = behaviour;
    }

    /// The number of requests.
    pub fn asked(&self) -> u64 {
        *self.asked.borrow()
    }

    /// Returns once there was a request.
    pub async fn until_asked(&self) {
        let mut asked = self.asked.subscribe();
        asked.wait_for(|asked| *asked > 0).await.unwrap();
    }

    /// Sends the keys that are held.
    pub fn release(&self) {
        self.release.send_replace(true);
    }
}

impl Drop for KeyServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}
