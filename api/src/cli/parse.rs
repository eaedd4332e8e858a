//! The command line, read with the environment.

use std::env;

use clap::builder::Resettable;
use clap::{Command, CommandFactory as _, FromArgMatches as _};

use super::Praxis;

/// Reads the command line and the environment; ends the process where they make no sense. An environment variable that is empty
/// counts as one that is not set: files of settings and container runtimes have no other way to leave one out.
#[must_use]
pub fn parse() -> Praxis {
    let mut command = heeding(Praxis::command());
    let matches = command.get_matches_mut();
    Praxis::from_arg_matches(&matches).unwrap_or_else(|error| error.format(&mut command).exit())
}

/// The command and those below it, without the environment variables that are empty.
fn heeding(command: Command) -> Command {
    let command = command.mut_args(|argument| {
        let value = argument.get_env().and_then(env::var_os);
        if value.is_some_and(|value| value.is_empty()) { argument.env(Resettable::Reset) } else { argument }
    });
    command.mut_subcommands(heeding)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::process::Command as Process;

    use super::*;

    /// Each command with what it cannot be without.
    const COMMANDS: [&[&str]; 13] = [
        &[],
        &["serve"],
        &["doctor"],
        &["migrate", "up"],
        &["migrate", "down"],
        &["migrate", "status"],
        &["seed", "demo"],
        &["refresh"],
        &["refresh", "outcomes"],
        &["token", "--user", "a@b.example"],
        &["schema"],
        &["lint"],
        &["lint", "--rules"],
    ];
    /// Makes the test below print what it reads.
    const PRINTS: &str = "PRINTS_SETTINGS";

    fn variables(command: &Command, found: &mut BTreeSet<String>) {
        found.extend(command.get_arguments().filter_map(|it| it.get_env()?.to_str().map(str::to_owned)));
        command.get_subcommands().for_each(|below| variables(below, found));
    }

    fn leaves(command: &Command) -> usize {
        let below = command.get_subcommands().map(leaves).sum::<usize>();
        below + usize::from(!command.is_subcommand_required_set())
    }

    #[test]
    fn prints_settings() {
        if env::var_os(PRINTS).is_none() {
            return;
        }
        for arguments in COMMANDS {
            let matches = heeding(Praxis::command()).get_matches_from([&["praxis"], arguments].concat());
            println!("{:#?}", Praxis::from_arg_matches(&matches).unwrap());
        }
    }

    #[test]
    fn an_empty_variable_is_one_that_is_not_set() {
        let mut names = BTreeSet::new();
        variables(&Praxis::command(), &mut names);
        assert!(names.len() > 60 && names.contains("DATABASE_URL"), "{names:?}");
        assert_eq!(leaves(&Praxis::command()), COMMANDS.len() - 1, "each command is looked at");
        let read = |set: &[&String]| {
            let mut process = Process::new(env::current_exe().unwrap());
            process.args(["--exact", "cli::parse::tests::prints_settings", "--nocapture"]);
            for name in &names {
                process.env_remove(name);
            }
            process.envs(set.iter().map(|name| (name, "")));
            let output = process.env(PRINTS, "1").output().unwrap();
            assert!(output.status.success(), "{set:?}: {output:?}");
            let text = String::from_utf8(output.stdout).unwrap();
            assert!(text.matches("Praxis {").count() == COMMANDS.len(), "{text}");
            text.lines().filter(|line| !line.contains("finished in")).collect::<Vec<_>>().join("\n")
        };
        let unset = read(&[]);
        assert_eq!(read(&names.iter().collect::<Vec<_>>()), unset);
        for name in &names {
            assert_eq!(read(&[name]), unset, "{name}");
        }
    }
}
