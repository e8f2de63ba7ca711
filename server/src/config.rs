//! Flags, each with an environment variable and a default that works.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Command, CommandFactory, FromArgMatches, Parser, builder::Resettable};
use domain::limits::Quotas;

/// Kith: the chat that you host yourself.
#[derive(Debug, Parser)]
#[command(name = "kith", version, about)]
pub struct Cli {
    #[command(flatten)]
    pub house: House,
    #[command(subcommand)]
    pub subcommand: Subcommand,
}

impl Cli {
    /// The flags and variables that this process was started with. A variable that is empty counts as
    /// one that is not set. Ends the process where they do not fit, with a sentence that says why.
    pub fn read() -> Self {
        let matches = by_variables(Self::command()).get_matches();
        Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
    }
}

/// The same command, whose values are called like their variables, so that what is wrong with one is told
/// with its name; and deaf to those that are set to nothing.
fn by_variables(command: Command) -> Command {
    let command = command.mut_args(|arg| {
        let Some(variable) = arg.get_env().map(ToOwned::to_owned) else { return arg };
        let is_empty = std::env::var_os(&variable).is_some_and(|value| value.is_empty());
        let arg = arg.value_name(variable.to_string_lossy().into_owned());
        if is_empty { arg.env(Resettable::Reset) } else { arg }
    });
    command.mut_subcommands(by_variables)
}

/// Where the data is, and how much is said about it.
#[derive(Clone, Debug, Args)]
pub struct House {
    /// Folder of the database and everything else that is kept.
    #[arg(long, env = "KITH_DATA", default_value = "./data", global = true)]
    pub data: PathBuf,
    /// Database: `sqlite:PATH`; `postgres://…`, `mysql://…` or `mariadb://…` for any number of nodes; by
    /// default SQLite in the data folder.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, global = true)]
    pub database_url: Option<String>,
    /// As many connections to PostgreSQL or MySQL as this node holds at most; two more while it migrates.
    #[arg(long, env = "KITH_DATABASE_CONNECTIONS", default_value_t = domain::CONNECTIONS, global = true,
        value_parser = clap::value_parser!(u32).range(6..=1_000))]
    pub database_connections: u32,
    /// Redis, or Valkey, by which nodes that share a database tell each other at once what is said and who is
    /// here, and count limits together: `redis://…`, `rediss://…`, or `redis-cluster://…`.
    #[arg(long, env = "REDIS_URL", hide_env_values = true, global = true)]
    pub redis_url: Option<String>,
    /// What is logged: error, warn, info, debug, or a filter such as `kith=debug`.
    #[arg(long, env = "KITH_LOG", default_value = "info", global = true)]
    pub log: String,
}

#[derive(Debug, clap::Subcommand)]
pub enum Subcommand {
    /// Serve the chat.
    Serve(Box<Serve>),
    /// Bring the database to the schema of this version, and stop.
    Migrate,
    /// Administer accounts.
    #[command(subcommand)]
    Admin(Admin),
    /// Fill an empty house with a lively demo, made by real actions.
    Seed,
}

#[derive(Clone, Debug, Args)]
pub struct Serve {
    /// Address and port to listen on.
    #[arg(long, env = "KITH_LISTEN", default_value = "127.0.0.1:3000")]
    pub listen: SocketAddr,
    /// Address and port at which Prometheus asks for `/metrics`: not for the world. None without it.
    #[arg(long, env = "KITH_METRICS_LISTEN")]
    pub metrics_listen: Option<SocketAddr>,
    /// The address that people type, such as `https://chat.example.org`.
    #[arg(long, env = "KITH_PUBLIC_URL")]
    pub public_url: Option<String>,
    /// Addresses of proxies whose forwarded headers are believed, separated by commas.
    #[arg(long, env = "KITH_TRUSTED_PROXIES", value_delimiter = ',', value_parser = address)]
    pub trusted_proxies: Vec<std::net::IpAddr>,
    /// How long, after SIGTERM, it goes on taking requests while `/health/ready` says 503: longer than a
    /// balancer that asks takes to notice.
    #[arg(long, env = "KITH_DRAIN_SECONDS", default_value = "1",
        value_parser = clap::value_parser!(u64).range(0..=300))]
    pub drain_seconds: u64,
    /// Limits on how often; off for benchmarks.
    #[arg(long, env = "KITH_RATE_LIMITS", default_value = "on")]
    pub rate_limits: Switch,
    #[arg(long, env = "KITH_LIMITS", default_value = "", help = limits())]
    pub limits: Quotas,
    /// The mail server, such as `smtps://user:password@mail.example.org`, or `smtp://` with
    /// `?tls=required` for STARTTLS; without one letters are printed.
    #[arg(long, env = "KITH_SMTP_URL", hide_env_values = true)]
    pub smtp_url: Option<String>,
    /// Whom letters are from.
    #[arg(long, env = "KITH_MAIL_FROM", default_value = "Kith <kith@localhost>")]
    pub mail_from: String,
    /// Whether who signs up has to show that they are no bot.
    #[arg(long, env = "KITH_CHALLENGE", default_value = "off")]
    pub challenge: Switch,
    /// Whether people sign up and in with a password; off where all of them do by the provider.
    #[arg(long, env = "KITH_PASSWORDS", default_value = "on")]
    pub passwords: Switch,
    #[command(flatten)]
    pub provider: Provider,
}

fn limits() -> String {
    let names: Vec<&str> = domain::limits::names().collect();
    format!(
        "Other limits than the usual ones, such as `message=10/s:20,sign-up=5/h`: so many in a second (s), \
         minute (m), hour (h) or day (d), and after the colon how many at once. The names: {}",
        names.join(", ")
    )
}

/// With spaces around it or without.
fn address(text: &str) -> Result<std::net::IpAddr, std::net::AddrParseError> {
    text.trim().parse()
}

/// What signs people in beside passwords. It sends them back to `/sign-in/provider/callback`.
#[derive(Clone, Debug, Args)]
pub struct Provider {
    /// An OpenID Connect provider that people may sign in by, such as `https://id.example.org`.
    #[arg(long, env = "KITH_OIDC_ISSUER")]
    pub oidc_issuer: Option<String>,
    /// What this house is called there.
    #[arg(long, env = "KITH_OIDC_CLIENT_ID")]
    pub oidc_client_id: Option<String>,
    /// What shows that it is this house.
    #[arg(long, env = "KITH_OIDC_CLIENT_SECRET", hide_env_values = true)]
    pub oidc_client_secret: Option<String>,
    /// What people call the provider: “Sign in with …”.
    #[arg(long, env = "KITH_OIDC_NAME", default_value = "single sign-on")]
    pub oidc_name: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub enum Switch {
    On,
    Off,
}

#[derive(Debug, clap::Subcommand)]
pub enum Admin {
    /// Make an account that administers the house. The password is read from the standard input.
    Create {
        username: String,
        #[arg(long)]
        email: Option<String>,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_told_with_the_name_of_its_variable() {
        let told = |words: &[&str]| {
            by_variables(Cli::command()).try_get_matches_from(words).unwrap_err().to_string()
        };
        assert!(told(&["kith", "serve", "--listen", "here"]).contains("KITH_LISTEN"));
        assert!(told(&["kith", "serve", "--limits", "weather=1/s"]).contains("KITH_LIMITS"));
        assert!(told(&["kith", "serve", "--help"]).contains("handshake-address"));
    }
}
