//! Whether pages keep their promises: what is offered is there, asking changes nothing, news that
//! comes twice does no harm, and nothing odd brings a page down.

use std::sync::Arc;

use jiff::Timestamp;

use super::sample::{self, SUBSCRIPTION};
use super::shown::Exhibit;
use super::trial::{LOCALES, Trial, answered, odd_words, put_down, said};
use super::{Finding, Judged, Shown};
use crate::domain::extra_page::{PageAnswer, PageRequest, Reader, Slot, Submission};
use crate::plugins::error::Error;
use crate::plugins::grants::Grant;
use crate::plugins::load::Loaded;
use crate::plugins::pages::{Pages, PluginEvent};
use crate::plugins::rehearsal::Rehearsal;

const THERE: &str = "every entry of the navigation leads to something";
const HOME: &str = "/x/sample";
/// A path that no plugin has.
const NOWHERE: &str = "/no-such-page-7f3a";

/// Tries pages, with `data` as the data of the host that they were loaded into and `now` as its time,
/// and tells what they showed.
pub(in crate::plugins) async fn run(
    plugin: Arc<Loaded>,
    data: &Rehearsal,
    now: Timestamp,
) -> (Vec<Finding>, Vec<Shown>) {
    let mut trial = Trial::new(Arc::clone(&plugin));
    let (all, none) = (
        trial.binding(trial.everything()),
        trial.binding(Grant::default()),
    );
    let (pages, unknown) = match (all, none) {
        (Ok(all), Ok(none)) => (
            Pages::new(Arc::clone(&plugin), all),
            Pages::new(plugin, none),
        ),
        (Err(why), _) | (_, Err(why)) => {
            trial.not_tried(THERE, why);
            return (trial.findings, trial.shown);
        }
    };
    let mut suite = Suite {
        trial,
        pages,
        data,
        now,
    };
    suite.description().await;
    let before = suite.data.kept();
    suite.pages().await;
    let odd = suite.odd_requests().await;
    suite
        .trial
        .judge("odd requests are answered, and bring nothing down", odd);
    let kept = if suite.data.kept() == before {
        Ok(())
    } else {
        Err("what it keeps is something else after a page was shown".to_owned())
    };
    suite
        .trial
        .judge("a page that is asked for changes nothing", kept);
    suite.blocks().await;
    let odd = suite.odd_forms().await;
    suite
        .trial
        .judge("odd forms are answered, and bring nothing down", odd);
    suite.news().await;
    suite.pages = unknown;
    let ungranted = suite.odd_requests().await;
    let ungranted = match ungranted {
        Ok(()) => suite.odd_forms().await,
        broken => broken,
    };
    let promise = "what was not granted is borne: it answers, or says in words that it cannot";
    suite.trial.judge(promise, ungranted);
    (suite.trial.findings, suite.trial.shown)
}

struct Suite<'a> {
    trial: Trial,
    pages: Pages,
    data: &'a Rehearsal,
    now: Timestamp,
}

impl Suite<'_> {
    fn reader(&self, locale: &str) -> Reader {
        Reader {
            scope: self.trial.scope.clone(),
            customer: sample::customer(),
            home: HOME.to_owned(),
            locale: locale.to_owned(),
            now: self.now,
        }
    }

    fn request(&self, path: &str) -> PageRequest {
        PageRequest {
            reader: self.reader("en"),
            path: path.to_owned(),
            query: Vec::new(),
        }
    }

    /// The paths that are offered, and the first one.
    fn paths(&self) -> Vec<String> {
        let entries = self.pages.navigation().iter();
        let mut paths: Vec<_> = entries.map(|entry| entry.path.clone()).collect();
        if paths.is_empty() {
            paths.push("/".to_owned());
        }
        paths
    }

    fn show(&mut self, asked: &str, locale: &str, what: Exhibit) {
        self.trial.shown.push(Shown {
            asked: asked.to_owned(),
            locale: locale.to_owned(),
            what,
        });
    }

    fn show_page(&mut self, asked: &str, locale: &str, answer: PageAnswer) {
        if let PageAnswer::Page { content, .. } = answer {
            self.show(asked, locale, Exhibit::plain(content));
        }
    }

    async fn description(&mut self) {
        let same = match self.pages.describe().await {
            Ok(entries) if entries == self.pages.navigation() => Ok(()),
            Ok(_) => Err("it offers something else the second time".to_owned()),
            Err(error) => Err(error.to_string()),
        };
        self.trial
            .judge("the description is the same at every call", same);
        for entry in self.pages.navigation().to_vec() {
            let asked = format!("the label of {}", entry.path);
            self.show(&asked, "en", Exhibit::Label(entry.label));
        }
    }

    async fn pages(&mut self) {
        const NOT_FOUND: &str = "a path that is none is not found";
        let (mut down, mut there) = (Ok(()), Ok(()));
        for path in self.paths() {
            for locale in ["en", "es"] {
                let mut request = self.request(&path);
                locale.clone_into(&mut request.reader.locale);
                match self.pages.render(&request).await {
                    Ok(PageAnswer::NotFound) => {
                        there = Err(format!("{path} is offered and not found"));
                    }
                    Ok(answer) => self.show_page(&path, locale, answer),
                    Err(error) => put_down(&error, &path, &mut down, &mut there),
                }
            }
        }
        self.trial.judge_without_network(THERE, down, there);
        let nowhere = match self.pages.render(&self.request(NOWHERE)).await {
            Ok(PageAnswer::NotFound) => Ok(()),
            Ok(_) => Err(format!("{NOWHERE} is there; answer not-found")),
            Err(error) => Err(format!("{NOWHERE}: {error}; answer not-found")),
        };
        self.trial.judge(NOT_FOUND, nowhere);
    }

    async fn blocks(&mut self) {
        const PROMISE: &str = "every place on a page gets a block or nothing";
        if !self.pages.has_blocks() {
            return;
        }
        let (mut down, mut judged) = (Ok(()), Ok(()));
        for slot in [
            Slot::Overview,
            Slot::Subscription,
            Slot::Cancel,
            Slot::Confirmation,
        ] {
            for subscription in [None, Some(SUBSCRIPTION), Some("sub_unknown")] {
                for locale in LOCALES {
                    let asked = format!("the block {slot:?} for {subscription:?} in {locale}");
                    let reader = self.reader(locale);
                    match self.pages.block(&reader, slot, subscription).await {
                        Ok(Some(content)) => self.show(&asked, locale, Exhibit::plain(content)),
                        Ok(None) => {}
                        // Of a subscription that is nobody's, it may say so.
                        Err(error)
                            if subscription != Some(SUBSCRIPTION) && said(&error).is_some() => {}
                        Err(error) => put_down(&error, &asked, &mut down, &mut judged),
                    }
                }
            }
        }
        self.trial.judge_without_network(PROMISE, down, judged);
    }

    /// Asks for what no link leads to.
    async fn odd_requests(&mut self) -> Judged {
        let mut requests = Vec::new();
        for path in self.paths() {
            for locale in LOCALES {
                let mut request = self.request(&path);
                locale.clone_into(&mut request.reader.locale);
                requests.push(request);
            }
            for word in odd_words() {
                let mut request = self.request(&path);
                request.query = vec![(word.clone(), word.clone()), ("id".to_owned(), word)];
                requests.push(request);
            }
        }
        for path in [
            "//",
            "/a/b/c/d",
            "/山田/محمد",
            "/%2e%2e/x",
            "/<b>x</b>",
            "/\"",
        ] {
            requests.push(self.request(path));
        }
        requests.push(self.request(&format!("/{}", "x".repeat(1_900))));
        for request in requests {
            let asked = told(&request.path, &request.query);
            let answer = answered(&asked, self.pages.render(&request).await)?;
            if let Some(answer) = answer {
                let locale = request.reader.locale.clone();
                self.show_page(&asked, &locale, answer);
            }
        }
        Ok(())
    }

    /// Posts what no form of its own posts.
    async fn odd_forms(&mut self) -> Judged {
        let mut forms: Vec<Vec<(String, String)>> = vec![Vec::new()];
        for word in odd_words() {
            // The fields that the templates have, and one that none has.
            let mut fields = vec![("unknown".to_owned(), word.clone())];
            for name in self.fields() {
                fields.push((name.clone(), word.clone()));
                fields.push((name, word.clone()));
            }
            forms.push(fields);
        }
        let mut paths = self.paths();
        paths.extend([NOWHERE.to_owned(), "/answer".to_owned()]);
        for path in paths {
            for fields in &forms {
                let asked = format!("a form to {}", told(&path, fields));
                let request = self.request(&path);
                let submission = answered(&asked, self.pages.submit(&request, fields).await)?;
                match submission {
                    Some(Submission::Taken(answer)) => self.show_page(&asked, "en", answer),
                    Some(Submission::Invalid(errors)) => {
                        self.again(&asked, &request, fields, errors).await?;
                    }
                    None => {}
                }
            }
        }
        Ok(())
    }

    /// The page of a form that has to be mended.
    async fn again(
        &mut self,
        asked: &str,
        request: &PageRequest,
        fields: &[(String, String)],
        errors: Vec<(String, String)>,
    ) -> Judged {
        let answer = answered(asked, self.pages.render(request).await)?;
        match answer {
            Some(PageAnswer::Page { content, .. }) => {
                let what = Exhibit::Content {
                    content,
                    values: fields.to_vec(),
                    errors,
                };
                self.show(asked, "en", what);
                Ok(())
            }
            Some(_) => Err(format!(
                "{asked}: fields have to be mended, and at that path is no page to mend them on"
            )),
            None => Ok(()),
        }
    }

    /// The names of the fields in its templates.
    fn fields(&self) -> Vec<String> {
        let mut names = Vec::new();
        for (path, bytes) in self.pages.files().iter() {
            if !path.starts_with("templates/") {
                continue;
            }
            let text = String::from_utf8_lossy(bytes);
            let found = text.split("name=\"").skip(1).filter_map(|rest| {
                let (name, _) = rest.split_once('"')?;
                (!name.contains('{') && name.len() < 64).then(|| name.to_owned())
            });
            for name in found {
                if !names.contains(&name) {
                    names.push(name);
                }
            }
        }
        names
    }

    /// Each event and each call by the clock that it wishes, twice.
    async fn news(&mut self) {
        const PROMISE: &str = "what comes twice does no harm";
        let wishes = self.trial.plugin.manifest.permissions.clone();
        if wishes.events.is_empty() && wishes.schedules.is_empty() {
            return;
        }
        let (mut down, mut judged) = (Ok(()), Ok(()));
        for kind in &wishes.events {
            let event = PluginEvent {
                id: format!("evt_{}", kind.replace('.', "_")),
                kind: kind.clone(),
                object: SUBSCRIPTION.to_owned(),
                occurred_at: self.now,
            };
            let first = self.pages.handle(&self.trial.scope, &event).await;
            let before = self.data.kept();
            let second = self.pages.handle(&self.trial.scope, &event).await;
            self.twice(kind, &[first, second], &before, (&mut down, &mut judged));
        }
        for schedule in &wishes.schedules {
            let due = self.now;
            let first = self.pages.tick(&self.trial.scope, schedule, due).await;
            let before = self.data.kept();
            let second = self.pages.tick(&self.trial.scope, schedule, due).await;
            self.twice(
                schedule,
                &[first, second],
                &before,
                (&mut down, &mut judged),
            );
        }
        self.trial.judge_without_network(PROMISE, down, judged);
    }

    fn twice(
        &self,
        what: &str,
        answers: &[Result<(), Error>; 2],
        before: &std::collections::BTreeMap<String, Vec<u8>>,
        (down, judged): (&mut Judged, &mut Judged),
    ) {
        for (answer, time) in answers.iter().zip(["", ", the second time"]) {
            if let Err(error) = answer {
                put_down(error, &format!("{what}{time}"), down, judged);
                return;
            }
        }
        if self.data.kept() != *before && judged.is_ok() {
            *judged = Err(format!(
                "{what}: what it keeps is something else after the same came a second time; \
                 store.add tells the first time from the others"
            ));
        }
    }
}

/// What was asked, short enough for a line.
fn told(path: &str, pairs: &[(String, String)]) -> String {
    let path: String = path.chars().take(40).flat_map(char::escape_debug).collect();
    match pairs.first() {
        None => path,
        Some((name, value)) => {
            let pair = [name, value].map(|text| {
                let text: String = text.chars().take(24).collect();
                text.escape_debug().to_string()
            });
            format!("{path} with \"{}\" = \"{}\"", pair[0], pair[1])
        }
    }
}
