//! Answers the authentication messages of a server.

use std::io;

use bytes::{Buf as _, BytesMut};
use postgres_protocol::authentication::md5_hash;
use postgres_protocol::authentication::sasl::{self, ChannelBinding, ScramSha256};
use postgres_protocol::message::frontend;

use crate::error::WireError;

/// The largest number of rounds of hashing that a server may ask for; Postgres's default is 4,096. More would occupy the processor
/// for seconds.
const MOST_ROUNDS: u32 = 1_000_000;

/// The kinds of authentication messages.
mod kind {
    pub(super) const OK: i32 = 0;
    pub(super) const CLEARTEXT: i32 = 3;
    pub(super) const MD5: i32 = 5;
    pub(super) const SASL: i32 = 10;
    pub(super) const SASL_CONTINUE: i32 = 11;
    pub(super) const SASL_FINAL: i32 = 12;
}

/// The state of a login.
#[derive(Default)]
pub(crate) enum Login {
    /// The server has not asked for a proof yet.
    #[default]
    Begun,
    /// A SCRAM exchange is under way.
    Scram(Box<ScramSha256>),
    /// The password was sent, or the SCRAM exchange has ended.
    Proven,
}

/// The next step after a message of the server.
pub(crate) enum Step {
    /// The login is accepted.
    Accepted,
    /// The client sends these bytes.
    Answer(BytesMut),
    /// The client reads the next message.
    Nothing,
}

impl Login {
    /// Returns the answer to the body of an authentication message. The server may ask for one proof, and a SCRAM exchange must end
    /// before the login is accepted: its end proves that the server knows the password as well.
    pub(crate) fn answer(
        &mut self,
        mut body: &[u8],
        user: &str,
        password: Option<&[u8]>,
    ) -> Result<Step, WireError> {
        const UNEXPECTED: WireError = WireError::Protocol("an unexpected step of the login");
        let needed = || password.ok_or_else(|| WireError::Opening("the server asks for a password".into()));
        let wrong = |error: io::Error| WireError::Opening(format!("authentication failed: {error}"));
        let kind = body.try_get_i32().map_err(|_| WireError::Protocol("an empty authentication"))?;
        let mut answer = BytesMut::new();
        *self = match (std::mem::replace(self, Self::Proven), kind) {
            (Self::Begun | Self::Proven, kind::OK) => return Ok(Step::Accepted),
            (Self::Begun, kind::CLEARTEXT) => {
                frontend::password_message(needed()?, &mut answer)?;
                Self::Proven
            }
            (Self::Begun, kind::MD5) => {
                let salt = body.try_into().map_err(|_| WireError::Protocol("a salt of the wrong length"))?;
                let hash = md5_hash(user.as_bytes(), needed()?, salt);
                frontend::password_message(hash.as_bytes(), &mut answer)?;
                Self::Proven
            }
            (Self::Begun, kind::SASL) => {
                if !body.split(|byte| *byte == 0).any(|offered| offered == sasl::SCRAM_SHA_256.as_bytes()) {
                    return Err(WireError::Opening(
                        "the server offers no supported authentication method".into(),
                    ));
                }
                let exchange = ScramSha256::new(needed()?, ChannelBinding::unsupported());
                frontend::sasl_initial_response(sasl::SCRAM_SHA_256, exchange.message(), &mut answer)?;
                Self::Scram(Box::new(exchange))
            }
            (Self::Scram(mut exchange), kind::SASL_CONTINUE) => {
                if rounds(body).is_some_and(|rounds| rounds > MOST_ROUNDS) {
                    return Err(WireError::Opening("the server asks for too many rounds of hashing".into()));
                }
                exchange.update(body).map_err(wrong)?;
                frontend::sasl_response(exchange.message(), &mut answer)?;
                Self::Scram(exchange)
            }
            (Self::Scram(mut exchange), kind::SASL_FINAL) => {
                exchange.finish(body).map_err(wrong)?;
                Self::Proven
            }
            (Self::Begun, kind) if !matches!(kind, kind::SASL_CONTINUE | kind::SASL_FINAL) => {
                return Err(WireError::Opening(
                    "the server asks for an unsupported authentication method".into(),
                ));
            }
            _ => return Err(UNEXPECTED),
        };
        Ok(if answer.is_empty() { Step::Nothing } else { Step::Answer(answer) })
    }
}

/// Returns the rounds of hashing that the first message of a SCRAM server asks for (`r=…,s=…,i=4096`).
fn rounds(body: &[u8]) -> Option<u32> {
    let rounds = body.split(|byte| *byte == b',').find_map(|part| part.strip_prefix(b"i="))?;
    // A number beyond u32 counts as too many.
    Some(std::str::from_utf8(rounds).ok()?.parse().unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: i32, rest: &[u8]) -> Vec<u8> {
        [&kind.to_be_bytes(), rest].concat()
    }

    /// Each list holds the messages of a server, of which the last one must be refused.
    #[test]
    fn a_server_asks_for_one_proof_and_proves_itself() {
        let sasl = || message(kind::SASL, b"SCRAM-SHA-256\0\0");
        for messages in [
            vec![message(kind::CLEARTEXT, b""), message(kind::CLEARTEXT, b"")],
            vec![message(kind::MD5, b"salt"), message(kind::MD5, b"salt")],
            vec![message(kind::CLEARTEXT, b""), sasl()],
            vec![sasl(), message(kind::CLEARTEXT, b"")],
            // It accepts without the proof that it knows the password.
            vec![sasl(), message(kind::OK, b"")],
            vec![sasl(), sasl()],
            vec![message(kind::SASL_CONTINUE, b"r=a,s=b,i=1")],
            vec![message(kind::SASL_FINAL, b"v=a")],
            vec![message(kind::MD5, b"long salt")],
            vec![message(7, b"")],
            vec![b"\0".to_vec()],
        ] {
            let mut login = Login::default();
            let (last, before) = messages.split_last().unwrap();
            for message in before {
                assert!(matches!(login.answer(message, "me", Some(b"secret")), Ok(Step::Answer(_))));
            }
            assert!(login.answer(last, "me", Some(b"secret")).is_err(), "{messages:?}");
        }
        let mut login = Login::default();
        assert!(matches!(login.answer(&message(kind::OK, b""), "me", None), Ok(Step::Accepted)));
    }

    #[test]
    fn a_server_cannot_ask_for_hashing_without_end() {
        for rounds in ["1000001", "4294967295", "99999999999999999999"] {
            let mut login = Login::default();
            let answer = login.answer(&message(kind::SASL, b"SCRAM-SHA-256\0\0"), "me", Some(b"secret"));
            let Ok(Step::Answer(answer)) = answer else { panic!("no answer") };
            let at = answer.windows(2).position(|it| it == b"r=").unwrap();
            let nonce = String::from_utf8(answer[at..].to_vec()).unwrap();
            let first = format!("{nonce}more,s=c2FsdA==,i={rounds}");
            let error =
                login.answer(&message(kind::SASL_CONTINUE, first.as_bytes()), "me", None).err().unwrap();
            assert!(error.to_string().contains("rounds of hashing"), "{error}");
        }
    }
}
