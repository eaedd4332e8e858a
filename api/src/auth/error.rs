//! Why a caller is refused.

/// Why a token is refused. The messages help whoever sent it and hold nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// There is none.
    #[error("A token is needed here.")]
    Missing,
    /// Not `Bearer`.
    #[error("The Authorization header must read `Bearer <token>`.")]
    Scheme,
    /// Longer than 8 KiB.
    #[error("The token is longer than 8 KiB.")]
    TooLong,
    /// Not a signed JSON Web Token.
    #[error("The token is not a signed JSON Web Token in compact form.")]
    Malformed,
    /// `none`, an unknown algorithm, one that no key is configured for, or one that does not go with the key.
    #[error("The token's algorithm is not accepted here, or does not go with its key.")]
    Algorithm,
    /// No trusted key fits.
    #[error(
        "No trusted key fits the token: its `kid` is not known here, or it has none and no single key fits."
    )]
    KeyUnknown,
    /// The key set could not be fetched yet.
    #[error("The keys that tokens are checked with cannot be had at the moment. Try again shortly.")]
    KeysUnavailable,
    /// The signature is wrong.
    #[error("The token's signature is not valid.")]
    Signature,
    /// `exp` has passed.
    #[error("The token has expired. Sign in again.")]
    Expired,
    /// There is no `exp`.
    #[error("The token has no `exp` claim; tokens without an end are not accepted.")]
    ExpiryMissing,
    /// `nbf` or `iat` lies in the future.
    #[error("The token is not valid yet: its `nbf` or `iat` lies in the future.")]
    NotYetValid,
    /// `aud` is missing or another.
    #[error("The token is not meant for this service: its `aud` is missing or another.")]
    Audience,
    /// `iss` is missing or another.
    #[error("The token comes from an issuer that is not trusted here: its `iss` is missing or another.")]
    Issuer,
    /// The role may not be assumed.
    #[error("The token's role may not be assumed here.")]
    Role,
    /// The subject names no account, and tables ask for one.
    #[error("The token's `sub` is not the id of an account: these tables know accounts by UUIDs.")]
    Subject,
    /// A claim has the wrong type or holds a control character.
    #[error("A claim of the token has the wrong type or holds a control character.")]
    Claims,
}

impl AuthError {
    /// Whether the token may be a good one, and can be sent again.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        *self == Self::KeysUnavailable
    }

    /// A stable name for the reason, for programs.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Missing => "token_missing",
            Self::Scheme => "scheme",
            Self::TooLong => "token_size",
            Self::Malformed => "token_malformed",
            Self::Algorithm => "token_algorithm",
            Self::KeyUnknown => "token_key_unknown",
            Self::KeysUnavailable => "keys_unavailable",
            Self::Signature => "token_signature",
            Self::Expired => "token_expired",
            Self::ExpiryMissing => "token_expiry_missing",
            Self::NotYetValid => "token_not_yet_valid",
            Self::Audience => "token_audience",
            Self::Issuer => "token_issuer",
            Self::Role => "token_role",
            Self::Subject => "token_subject",
            Self::Claims => "token_claims",
        }
    }

    /// The value of the `WWW-Authenticate` header that a 401 needs (RFC 6750, section 3).
    #[must_use]
    pub fn challenge(&self) -> String {
        let error = match self {
            // Who has sent nothing has done nothing wrong.
            Self::Missing => return "Bearer".to_owned(),
            Self::Scheme => "invalid_request",
            _ => "invalid_token",
        };
        format!("Bearer error=\"{error}\", error_description=\"{}\"", self.reason())
    }
}
