//! Defines the reasons why a caller is refused.

/// The reasons why a token is refused. The messages help the sender and contain no part of the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// The request has no token.
    #[error("A token is required.")]
    Missing,
    /// The scheme is not `Bearer`.
    #[error("The Authorization header must read `Bearer <token>`.")]
    Scheme,
    /// The token is longer than 8 KiB.
    #[error("The token is longer than 8 KiB.")]
    TooLong,
    /// The token is not a signed JSON Web Token.
    #[error("The token is not a signed JSON Web Token in compact form.")]
    Malformed,
    /// The algorithm is `none`, unknown, without a configured key, or does not match the key.
    #[error("The token's algorithm is not accepted, or does not match its key.")]
    Algorithm,
    /// No trusted key matches.
    #[error("No trusted key fits the token: its `kid` is unknown, or it has none and no single key fits.")]
    KeyUnknown,
    /// The key set could not be fetched yet.
    #[error("The keys that verify tokens cannot be fetched at the moment. Try again shortly.")]
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
    /// `nbf` or `iat` is in the future.
    #[error("The token is not valid yet: its `nbf` or `iat` is in the future.")]
    NotYetValid,
    /// `aud` is missing or different.
    #[error("The token is not meant for this service: its `aud` is missing or different.")]
    Audience,
    /// `iss` is missing or different.
    #[error("The token comes from an issuer that is not trusted: its `iss` is missing or different.")]
    Issuer,
    /// The token may not assume the role.
    #[error("The token's role is not allowed.")]
    Role,
    /// The subject is not the id of an account, which the tables need.
    #[error("The token's `sub` is not the id of an account: these tables identify accounts by UUIDs.")]
    Subject,
    /// A claim has the wrong type, contains a control character, or is a whole number of more than 64 bits.
    #[error(
        "A claim of the token has the wrong type, contains a control character, or is a whole number of more than 64 bits."
    )]
    Claims,
}

impl AuthError {
    /// Returns true if the token may be valid and can be sent again later.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        *self == Self::KeysUnavailable
    }

    /// Returns a stable name for the reason, for programs.
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

    /// Returns the value of the `WWW-Authenticate` header that a 401 needs (RFC 6750, section 3).
    #[must_use]
    pub fn challenge(&self) -> String {
        let error = match self {
            // A request without a token is no error of the token.
            Self::Missing => return "Bearer".to_owned(),
            Self::Scheme => "invalid_request",
            _ => "invalid_token",
        };
        format!("Bearer error=\"{error}\", error_description=\"{}\"", self.reason())
    }
}
