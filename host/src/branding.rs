//! How a business looks at this moment: its branding plugin is asked, what it says becomes a
//! look of the business's theme, and the look is kept for as long as the plugin said. A plugin
//! that fails changes nothing: the theme is shown as it is, and the operator is told.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use crate::config::{self, Business};
use crate::cx::Cx;
use crate::domain::Scope;
use crate::domain::branding::{BrandContext, Surface};
use crate::domain::customer::Customer;
use crate::plugins::Task;
use crate::plugins::branding::Branding;
use crate::themes::{Carried, Frame, Look, Making, Terms, Themes, chain};

/// Characters of a segment; a longer word is none.
const LONGEST_SEGMENT: usize = 64;

/// The look of `scope` for what `frame` surrounds; none for the theme as it is. A page waits for
/// the plugin only where nothing was said for the like today, and then not long; a mail waits.
pub async fn look(
    cx: &Cx,
    themes: &Arc<Themes>,
    scope: &Scope,
    customer: Option<&Customer>,
    surface: Surface,
    frame: &Frame,
) -> Option<Arc<Look>> {
    let (business, mode) = cx.business(scope)?;
    let settings = mode.branding?;
    let branding = match cx.plugins.branding(scope)? {
        Ok(branding) => branding,
        Err(error) => {
            let plugin = &settings.plugin.plugin;
            cx.plugins.report(plugin, scope, Task::Look, &chain(&error));
            return None;
        }
    };
    let context = BrandContext {
        scope: scope.clone(),
        segment: customer.and_then(|customer| segment(customer, &settings.segment)),
        locale: frame.locale.catalogue().to_owned(),
        date: frame
            .now
            .to_zoned(frame.time_zone.clone())
            .strftime("%Y-%m-%d")
            .to_string(),
        surface,
    };
    let (version, configuration) = branding.version();
    let key = themes.look_key(&business.theme, context.clone(), version, configuration);
    let terms = terms(&cx.settings.load().plugins, surface);
    let asked = Asked {
        cx: cx.clone(),
        themes: Arc::clone(themes),
        branding,
        business,
        context,
        frame: frame.without_reader(),
    };
    let looks = Arc::clone(themes.looks());
    looks
        .get(key, cx.now(), terms, |making| asked.make(making))
        .await
}

fn terms(plugins: &config::Plugins, surface: Surface) -> Terms {
    let duration = |time| Duration::try_from(time).unwrap_or_default();
    Terms {
        least: duration(plugins.branding_least),
        most: duration(plugins.branding_most),
        // A page is looked at for a minute, a mail is kept.
        wait: (surface != Surface::Mail).then(|| duration(plugins.branding_wait)),
    }
}

/// The word that the merchant keeps in the customer's metadata.
fn segment(customer: &Customer, key: &str) -> Option<String> {
    let metadata: serde_json::Value = serde_json::from_str(&customer.metadata).ok()?;
    let word = metadata.get(key)?.as_str()?.trim();
    let fits = !word.is_empty() && word.chars().count() <= LONGEST_SEGMENT;
    fits.then(|| word.to_owned())
}

/// A question to a branding plugin.
struct Asked {
    cx: Cx,
    themes: Arc<Themes>,
    branding: Branding,
    business: Business,
    context: BrandContext,
    frame: Frame,
}

impl Asked {
    async fn make(self, making: Making) {
        let (plugin, scope) = (self.branding.plugin().to_owned(), &self.context.scope);
        let report = |what: &str| self.cx.plugins.report(&plugin, scope, Task::Look, what);
        // None where it failed again and again: the theme is shown as it is meanwhile.
        let Some(leave) = self.branding.optional() else {
            return making.end(None, Duration::ZERO);
        };
        let mut leave = Some(leave);
        let mut answer = pin!(self.branding.resolve(&self.context));
        let answer = tokio::select! {
            biased;
            answer = &mut answer => answer,
            // The pages went on without it; what comes later says nothing better of it.
            () = making.given_up() => {
                if let Some(leave) = leave.take() {
                    leave.end(false);
                }
                report("its look did not come in time; pages are shown without it");
                answer.await
            }
        };
        let in_time = leave.is_some();
        if let Some(leave) = leave {
            leave.end(answer.is_ok());
        }
        let mut overrides = match answer {
            Ok(overrides) => overrides,
            Err(error) => {
                if in_time {
                    report(&chain(&error));
                }
                return making.end(None, Duration::ZERO);
            }
        };
        if self.context.surface == Surface::Payment {
            // Where money is taken, nobody but the host puts words around it.
            overrides.wording = Vec::new();
            overrides.header = None;
            overrides.footer = None;
        }
        let carried = Carried {
            id: &plugin,
            version: self.branding.version().0,
            files: self.branding.files(),
        };
        let (look, wrong) =
            self.themes
                .look(&self.business.theme, &self.frame, &carried, &overrides);
        let problems = [overrides.left_out, wrong].concat();
        if in_time && problems.is_empty() {
            self.cx.plugins.is_well(&plugin, scope, Task::Look);
        } else if !problems.is_empty() {
            let (plugins, what) = (&self.cx.plugins, problems.join("; "));
            plugins.useless(&plugin, scope, Task::Look, &what);
        }
        making.end(Some(look), overrides.lifetime);
    }
}
