//! Parses the command line and the environment.

use std::env;

use clap::builder::Resettable;
use clap::{Command, CommandFactory as _, FromArgMatches as _};

use super::Praxis;

/// Parses the command line and the environment; exits if they are invalid. An empty environment variable counts as not set: files
/// of settings and container runtimes have no other way to omit one.
#[must_use]
pub fn parse() -> Praxis {
    let mut command = without_empty_variables(Praxis::command());
    let matches = command.get_matches_mut();
    Praxis::from_arg_matches(&matches).unwrap_or_else(|error| error.format(&mut command).exit())
}

/// Returns a command with its subcommands, without the environment variables that are empty.
fn without_empty_variables(command: Command) -> Command {
    let command = command.mut_args(|argument| {
        let value = argument.get_env().and_then(env::var_os);
        if value.is_some_and(|value| value.is_empty()) { argument.env(Resettable::Reset) } else { argument }
    });
    command.mut_subcommands(without_empty_variables)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::process::Command as Process;

    use clap::Parser as _;

    use super::*;

    /// Each command with its required options.
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
    /// Settings that may be 0, with the meaning.
    const MAY_BE_ZERO: [(&str, &str); 19] = [
        ("jwt-leeway", "clocks agree"),
        ("connection-lifetime", "each session has a new connection"),
        ("kept-documents", "none is kept"),
        ("max-aliases", "none may be used"),
        ("max-directives", "none may be used"),
        ("max-conditions", "nothing is filtered"),
        ("max-relations", "filters and orders are of the rows alone"),
        ("max-relation-depth", "filters and orders are of the rows alone"),
        ("max-terms", "lists have their own order"),
        ("max-listed", "lists of values are empty"),
        ("max-pattern", "nothing is searched for"),
        ("max-operands", "nothing is compared with a value"),
        ("max-watchers", "nobody subscribes"),
        ("max-watchers-per-caller", "nobody subscribes"),
        ("max-anonymous-watchers", "nobody subscribes without a token"),
        ("max-subscriptions", "nobody subscribes"),
        ("max-subscriptions-per-caller", "nobody subscribes"),
        ("max-groups", "nobody subscribes"),
        ("max-groups-per-caller", "nobody subscribes"),
    ];
    /// The variable that makes the test below print the parsed settings.
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
    fn a_number_that_makes_no_sense_is_refused() {
        let command = Praxis::command();
        let serve = command.find_subcommand("serve").unwrap();
        let read = |name: &str, number: &str| {
            Praxis::try_parse_from(["praxis", "serve", &format!("--{name}"), number])
        };
        let is_number = |name: &&str| read(name, "4").is_ok() && read(name, "four").is_err();
        let names = serve.get_arguments().filter_map(|argument| argument.get_long());
        let numbers: Vec<&str> = names.filter(is_number).collect();
        assert!(numbers.len() > 40, "{numbers:?}");
        let zero: BTreeSet<&str> = numbers.iter().filter(|name| read(name, "0").is_ok()).copied().collect();
        assert_eq!(zero, MAY_BE_ZERO.iter().map(|(name, _)| *name).collect());
        // The largest value gives settings, and no panic.
        for name in numbers {
            for number in [u64::MAX, i64::MAX as u64, 87_600, i32::MAX as u64] {
                let Ok(praxis) = read(name, &number.to_string()) else { continue };
                let Some(crate::cli::Command::Serve(args)) = praxis.command else { panic!("{name}") };
                let (limits, http) = (args.limits(), args.http());
                println!("{name} {number}: {limits:?} {http:?} {:?}", args.database(String::new()));
                println!("{:?}", args.feeds());
            }
        }
    }

    #[test]
    fn prints_settings() {
        if env::var_os(PRINTS).is_none() {
            return;
        }
        for arguments in COMMANDS {
            let matches = without_empty_variables(Praxis::command())
                .get_matches_from([&["praxis"], arguments].concat());
            println!("{:#?}", Praxis::from_arg_matches(&matches).unwrap());
        }
    }

    #[test]
    fn an_empty_variable_counts_as_not_set() {
        let mut names = BTreeSet::new();
        variables(&Praxis::command(), &mut names);
        assert!(names.len() > 60 && names.contains("DATABASE_URL"), "{names:?}");
        assert_eq!(leaves(&Praxis::command()), COMMANDS.len() - 1, "each command is tested");
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
