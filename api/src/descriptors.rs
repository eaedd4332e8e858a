//! Raises the limit of open files, and derives the number of clients that may connect.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The descriptors reserved for files, and for the system's libraries.
const RESERVED: usize = 64;
/// The least number of clients: a gateway with fewer is of no use, and the system refuses the excess.
const LEAST: usize = 16;

/// Raises the limit of open files to what the system allows, and returns the number of clients that it leaves beside this many
/// other connections.
pub fn clients_beside(others: usize) -> usize {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current != maximum
        && let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })
    {
        tracing::warn!(%error, "cannot raise the limit of open files");
    }
    // Without a limit of the system the number of clients is not limited.
    let allowed = getrlimit(Resource::Nofile).current.and_then(|most| usize::try_from(most).ok());
    allowed.unwrap_or(usize::MAX).saturating_sub(others + RESERVED).max(LEAST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_raised_to_what_is_allowed() {
        let most = clients_beside(10);
        let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
        assert_eq!(current, maximum);
        assert!(most >= LEAST);
        assert!(clients_beside(usize::MAX - RESERVED) == LEAST);
    }
}
