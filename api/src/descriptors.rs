//! How many files, and with them connections, the process may have open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What is left for files, and for whatever the system's libraries open.
const RESERVED: usize = 64;
/// A gateway with less than this is of no use; the system refuses what is too much.
const LEAST: usize = 16;

/// Raises the limit of open files to what the system allows, and gives the number of clients for whom there are enough of
/// them beside so many connections of another kind.
pub fn clients_beside(others: usize) -> usize {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current != maximum
        && let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })
    {
        tracing::warn!(%error, "cannot raise the limit of open files");
    }
    // No limit is none for us either.
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
