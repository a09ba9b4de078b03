//! `vestibule plugin add`: into the folder of a host, with the lines that its operator may want to
//! write then.

use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

use crate::app;
use crate::config::Settings;
use crate::cx::Clock;
use crate::plugins::adding::Candidate;
use crate::plugins::manifest::{Kind, Manifest};
use crate::plugins::setting::SettingKind;
use crate::plugins::{Survey, check, inspect};

use super::print_plain;

pub(super) async fn add(file: &Path, settings: Settings) -> anyhow::Result<ExitCode> {
    let plugins = &settings.plugins;
    let limits = app::plugin_limits(plugins)?;
    let signing = app::signing(plugins)?;
    let candidate = match Candidate::read(file, &signing) {
        Ok(candidate) => candidate,
        Err(error) => return refused(file, &error),
    };
    let clock = app::host_clock(&Clock::default());
    let bytes = candidate.bytes.clone();
    let opening = app::opening();
    let report = check::check_bytes(bytes, limits, &plugins.cache, clock, opening, None).await?;
    if let Some(problem) = report.problem {
        return refused(file, &problem);
    }
    let in_live = settings.server.allow_test_gateway_in_live;
    let survey = Survey::read(&plugins.dir, limits, in_live)?;
    let path = match candidate.put(&plugins.dir, &survey) {
        Ok(path) => path,
        Err(error) => return refused(file, &error),
    };
    let manifest = &candidate.manifest;
    let signed = match &candidate.signed_by {
        Some(signer) => format!("signed by {signer}"),
        None => "signed by nobody whom this host believes".to_owned(),
    };
    print_plain(&format!(
        "{}: {} {} ({}), {signed}. A running host takes it within a second; see `vestibule plugin \
         list`.\n",
        path.display(),
        manifest.id,
        manifest.version,
        manifest.name,
    ))?;
    let found = inspect::inspect(&path, &signing)?;
    print_plain(super::inspect::told(&found).trim_end())?;
    print_plain(&lines(manifest))?;
    Ok(ExitCode::SUCCESS)
}

fn refused(file: &Path, why: &dyn std::error::Error) -> anyhow::Result<ExitCode> {
    let why = anyhow::format_err!("{why}");
    print_plain(&format!(
        "{}: a host would not load it: {why:#}",
        file.display()
    ))?;
    Ok(ExitCode::FAILURE)
}

/// What a business's file says to use it, and to grant all that it wishes.
fn lines(manifest: &Manifest) -> String {
    let mode = if manifest.test_only { "test" } else { "live" };
    let mut text =
        "\nTo use it and grant all of that, add to a business's file, and fill in what is \
                    in angle brackets:\n"
            .to_owned();
    for kind in &manifest.kinds {
        let table = match kind {
            Kind::Gateway => format!("{mode}.gateways.{}", manifest.id),
            Kind::Branding => format!("{mode}.branding"),
            Kind::Pages => format!("{mode}.pages.{}", manifest.id),
        };
        let _ = write!(text, "\n{}", usage(manifest, *kind, &table));
    }
    text
}

/// What stands for a value that the operator fills in.
fn blank(name: &str, kind: SettingKind) -> String {
    match kind {
        SettingKind::Text | SettingKind::Url | SettingKind::Choice => format!("\"<{name}>\""),
        SettingKind::Integer => "<a number>".to_owned(),
        SettingKind::Boolean => "<true or false>".to_owned(),
        SettingKind::List => format!("[\"<{name}>\"]"),
    }
}

fn usage(manifest: &Manifest, kind: Kind, table: &str) -> String {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let wishes = &manifest.permissions;
    let mut text = format!("[{table}]\nplugin = {}\n", quoted(&manifest.id));
    for (name, setting) in &manifest.settings {
        let about = setting.description.replace(char::is_control, " ");
        let _ = writeln!(text, "# {about}");
        let _ = if setting.required {
            writeln!(text, "settings.{name} = {}", blank(name, setting.kind))
        } else {
            writeln!(text, "# settings.{name} = …")
        };
    }
    for name in &wishes.secrets {
        let variable = format!("{}_{name}", manifest.id)
            .replace('-', "_")
            .to_uppercase();
        let _ = writeln!(text, "secrets.{name} = {{ secret_env = \"{variable}\" }}");
    }
    let origins: Vec<_> = wishes
        .http
        .iter()
        .map(|origin| match origin.strip_prefix("setting:") {
            Some(name) => format!("{{ origin = \"<origin of {name}>\" }}"),
            None => format!("{{ origin = {} }}", quoted(origin)),
        })
        .collect();
    if !origins.is_empty() {
        let _ = writeln!(text, "grants.http = [{}]", origins.join(", "));
    }
    if kind == Kind::Gateway && !wishes.browser.is_empty() {
        let pages: Vec<_> = wishes
            .browser
            .iter()
            .map(|page| match page.strip_prefix("setting:") {
                Some(name) => format!("\"<origin of {name}>\""),
                None => quoted(page),
            })
            .collect();
        let _ = writeln!(text, "grants.browser = [{}]", pages.join(", "));
    }
    let mut list = |key: &str, words: Vec<&str>| {
        if !words.is_empty() {
            let words: Vec<_> = words.into_iter().map(quoted).collect();
            let _ = writeln!(text, "grants.{key} = [{}]", words.join(", "));
        }
    };
    list("reveal", wishes.reveal.iter().map(String::as_str).collect());
    // What pages alone can be granted.
    if kind == Kind::Pages {
        list("data", wishes.data.iter().map(String::as_str).collect());
        list("events", wishes.events.iter().map(String::as_str).collect());
        let schedules = wishes.schedules.iter();
        list("schedules", schedules.map(String::as_str).collect());
        let redirect = wishes.redirect.iter();
        list("redirect", redirect.map(String::as_str).collect());
        if wishes.store {
            text.push_str("grants.store = true\n");
        }
    }
    text
}
