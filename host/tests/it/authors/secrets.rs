//! What an author in Rust does with secrets.

use super::{Author, told};

#[test]
fn a_plugin_in_rust_signs_with_secrets_and_reads_the_text_of_one_where_it_may() {
    let author = Author::new();
    told(&author.run(&[
        "plugin", "new", "vault", "--lang", "rust", "--kind", "pages",
    ]));
    let folder = author.dir.path().join("vault");
    let change = |name: &str, pairs: &[(&str, &str)]| {
        let mut text = std::fs::read_to_string(folder.join(name)).unwrap();
        for (from, to) in pairs {
            assert!(text.contains(from), "{name} has no {from}");
            text = text.replace(from, to);
        }
        std::fs::write(folder.join(name), text).unwrap();
    };
    change(
        "src/lib.rs",
        &[
            ("operator::text", "host::{crypto, reveal, secrets}"),
            (
                "text(\"notice\")",
                "match secrets::get(\"word\").and_then(|secret| reveal::text(&secret)) {
                    Ok(text) => format!(\"{text} {} {}\", signed(\"word\"), signed(\"hook\")),
                    Err(error) => format!(\"{error:?}\"),
                }",
            ),
            (
                "/// A page that one of",
                "/// How long a signature with a secret is.
                fn signed(name: &str) -> usize {
                    let Ok(secret) = secrets::get(name) else { return 0 };
                    let encoding = match name {
                        \"hook\" => crypto::KeyEncoding::StandardWebhooks,
                        _ => crypto::KeyEncoding::Hex,
                    };
                    let key = crypto::SecretKey { secret: &secret, encoding };
                    crypto::hmac_sha256(&crypto::HmacKey::Secret(key), b\"data\").len()
                }

                /// A page that one of",
            ),
        ],
    );
    let wishes =
        "[permissions]\nsecrets = [\"word\", \"hook\"]\nreveal = [\"word\"]\n\n[settings.notice]";
    change("plugin.toml", &[("[settings.notice]", wishes)]);
    let cases = r#"
        [[case]]
        name = "the text of a secret"
        call = "pages.render"
        input.path = "/"
        given.secrets = { word = "616263", hook = "whsec_YWJj" }
        expect.answer.page.data.notice = "616263 32 32"

        [[case]]
        name = "which is for the operator to grant"
        call = "pages.render"
        input.path = "/"
        given.grants = {}
        expect.answer.page.data.notice = { contains = "Denied" }
    "#;
    for file in std::fs::read_dir(folder.join("tests")).unwrap() {
        std::fs::remove_file(file.unwrap().path()).unwrap();
    }
    std::fs::write(folder.join("tests/secrets.toml"), cases).unwrap();
    author.build("vault", "rust");
}
