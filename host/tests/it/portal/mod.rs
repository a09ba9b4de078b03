//! The customer's portal through the whole router: what a signed-in customer reads and presses,
//! over a SQLite file with known rows. Payments through a gateway have their own tests.

mod allowed;
mod branding;
mod breaker;
mod extra;
mod hosted;
mod hostile_pages;
mod isolation;
mod keys_and_profile;
mod lists;
mod looks;
mod money;
mod page;
mod pausing;
mod plan_choices;
mod plans;
mod readers;
mod retention;
mod round;
mod rows;
mod subscription;
mod traps;

use std::path::Path;
use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::{Request, Response, header};
use jiff::{SignedDuration, Timestamp};
use tower::ServiceExt as _;
use vestibule::config::{Environment, HostKeys, Sources};
use vestibule::cx::Cx;
use vestibule::domain::access::{Session, SessionSource};
use vestibule::domain::customer::Customer;
use vestibule::domain::id::{CustomerId, ProductId};
use vestibule::domain::money::Money;
use vestibule::domain::product::Product;
use vestibule::domain::{Mode, Scope};
use vestibule::flows::secret;
use vestibule::invoices::Invoices;
use vestibule::store::Tx;
use vestibule::themes::Themes;
use vestibule::web::{self, Web};

use crate::support::guests;
use page::Page;

/// Compiled components, kept from one run of the tests to the next.
const CACHE: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/plugins");

/// A host with one business and nobody signed in.
struct House {
    cx: Cx,
    router: axum::Router,
    scope: Scope,
    dir: tempfile::TempDir,
}

/// A customer who is signed in.
struct Guest<'a> {
    house: &'a House,
    customer: Customer,
    cookie: String,
}

fn euro(minor: i64) -> Money {
    Money::new(minor, "EUR".parse().unwrap())
}

fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * days)
}

impl House {
    async fn open() -> Self {
        Self::with("").await
    }

    /// With more in the business's file.
    async fn with(business: &str) -> Self {
        Self::furnished(business, &[]).await
    }

    /// The same with plugins, by their folders in the repository.
    async fn furnished(business: &str, plugins: &[&'static str]) -> Self {
        Self::arranged(business, plugins, &[]).await
    }

    /// The same with settings of the host that are not the defaults, as the environment would give
    /// them.
    async fn arranged(business: &str, plugins: &[&'static str], settings: &[(&str, &str)]) -> Self {
        // main does this for the binary.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        HostKeys::add(&root.join("host.key"), [7; 32]).unwrap();
        let themes = Path::new(env!("CARGO_MANIFEST_DIR")).join("../themes");
        let host = format!(
            "[server]\nkey_file = \"host.key\"\n[database]\nurl = \"sqlite:vestibule.db\"\n\
             [plugins]\ndir = \"plugins\"\ncache = \"{CACHE}\"\nbranding_wait = \"30s\"\npage_deadline = \"60s\"\nblock_deadline = \"60s\"\n[themes]\ndir = \"{}\"\n\
             [mail]\nmailbox = \"mailbox\"\n",
            themes.display(),
        );
        let more = business;
        let business = "id = \"bus_lumen\"\nname = \"Lumen\"\n\
             support_email = \"help@lumen.example.com\"\n[seller]\n\
             name = \"Lumen Software GmbH\"\naddress = [\"Lindenstraße 4\"]\ncountry = \"DE\"\n\
             email = \"billing@lumen.example.com\"\n[test]\n";
        std::fs::create_dir_all(root.join("config/businesses")).unwrap();
        std::fs::create_dir(root.join("plugins")).unwrap();
        for (index, folder) in plugins.iter().enumerate() {
            let file = root.join(format!("plugins/{index}.wasm"));
            std::fs::write(file, &**guests::built(folder).await).unwrap();
        }
        std::fs::write(root.join("config/vestibule.toml"), host).unwrap();
        std::fs::write(
            root.join("config/businesses/lumen.toml"),
            format!("{business}{more}"),
        )
        .unwrap();
        let sources = Sources {
            dir: root.join("config"),
            root: root.to_owned(),
            environment: settings
                .iter()
                .map(|(name, value)| (format!("VESTIBULE_{name}"), (*value).to_owned()))
                .collect::<Environment>(),
        };
        let settings = sources
            .load()
            .unwrap_or_else(|problems| panic!("{problems}"));
        let cx = vestibule::app::open(settings).await.unwrap();
        let themes = Arc::new(Themes::load(&themes).unwrap());
        let invoices = Invoices::new(Arc::clone(&themes));
        let router = web::router(Web {
            cx: cx.clone(),
            themes,
            invoices,
        });
        Self {
            cx,
            router,
            scope: Scope::new("bus_lumen".parse().unwrap(), Mode::Test),
            dir,
        }
    }

    fn now(&self) -> Timestamp {
        self.cx.now()
    }

    async fn write(&self, rows: impl AsyncFnOnce(&mut Tx)) {
        let mut tx = self.cx.store.begin().await.unwrap();
        rows(&mut tx).await;
        tx.commit().await.unwrap();
    }

    async fn send(&self, request: Request<Body>) -> Page {
        let response: Response<Body> = self.router.clone().oneshot(request).await.unwrap();
        let header = response.headers().get(header::LOCATION);
        let location = header.map(|value| value.to_str().unwrap().to_owned());
        let status = response.status();
        let body = to_bytes(response.into_body(), 16 << 20).await.unwrap();
        Page {
            status,
            location: location.unwrap_or_default(),
            html: String::from_utf8_lossy(&body).into_owned(),
        }
    }

    /// A new customer of this name, signed in.
    async fn guest(&self, name: &str) -> Guest<'_> {
        let now = self.now();
        let customer = Customer {
            id: self.cx.new_id(),
            scope: self.scope.clone(),
            email: "alex@customer.example.com".parse().unwrap(),
            name: name.to_owned(),
            phone: None,
            locale: None,
            metadata: "{}".to_owned(),
            created_at: now,
            updated_at: now,
            version: 0,
        };
        let session = Session {
            id: self.cx.new_id(),
            scope: self.scope.clone(),
            customer: Some(customer.id.clone()),
            email_folded: "alex@customer.example.com".to_owned(),
            source: SessionSource::Request,
            made_by: None,
            return_url: None,
            network: "192.0.2.0/24".to_owned(),
            agent: "a browser".to_owned(),
            signed_in_at: now,
            last_used_at: now,
            ends_at: now + SignedDuration::from_hours(24),
        };
        let token = format!("token-of-{}", customer.id);
        self.write(async |tx| {
            tx.insert_customer(&customer).await.unwrap();
            tx.insert_session(&session, &secret::hash(&token))
                .await
                .unwrap();
        })
        .await;
        Guest {
            house: self,
            cookie: format!("vestibule-session-test-bus_lumen={token}"),
            customer,
        }
    }

    async fn product(&self, name: &str) -> ProductId {
        let now = self.now();
        let product = Product {
            id: self.cx.new_id(),
            scope: self.scope.clone(),
            name: name.to_owned(),
            description: None,
            price: euro(2900),
            tax_inclusive: true,
            tax_category: "saas".to_owned(),
            recurring: None,
            license: None,
            metadata: "{}".to_owned(),
            created_at: now,
            updated_at: now,
        };
        self.write(async |tx| tx.insert_product(&product).await.unwrap())
            .await;
        product.id
    }
}

impl Guest<'_> {
    fn id(&self) -> CustomerId {
        self.customer.id.clone()
    }

    async fn get(&self, path: &str) -> Page {
        self.get_in("en", path).await
    }

    async fn get_in(&self, language: &str, path: &str) -> Page {
        let request = self.request(path).header(header::ACCEPT_LANGUAGE, language);
        self.house.send(request.body(Body::empty()).unwrap()).await
    }

    /// Presses the button of the form that posts to `path` on the page `on`.
    async fn press(&self, on: &Page, path: &str, fields: &[(&str, &str)]) -> Page {
        let action = format!("/test/bus_lumen{path}");
        let form = on
            .all("form")
            .into_iter()
            .filter(|form| form.contains("method=\"post\""))
            .find(|form| form.contains(&format!("action=\"{action}\"")))
            .unwrap_or_else(|| panic!("no form to {action} in {}", on.html));
        let form = Page::of(form);
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        for hidden in form.elements("input[type=hidden]") {
            body.append_pair(&hidden.0, &hidden.1);
        }
        body.extend_pairs(fields);
        let request = self
            .request(path)
            .method("POST")
            .header("sec-fetch-site", "same-origin")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let body = Body::from(body.finish());
        self.house.send(request.body(body).unwrap()).await
    }

    fn request(&self, path: &str) -> axum::http::request::Builder {
        Request::builder()
            .uri(format!("/test/bus_lumen{path}"))
            .header(header::HOST, "127.0.0.1:8080")
            .header(header::COOKIE, &self.cookie)
    }
}
