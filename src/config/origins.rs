//! The origins whose pages may use the API.

use super::{ConfigError, Variables, invalid};

impl Variables<'_> {
    /// Origins as browsers write them: anything else would be accepted here and then never match.
    pub(super) fn origins(&self, name: &'static str) -> Result<Vec<String>, ConfigError> {
        let value = self.optional(name).unwrap_or_default();
        let origins = value.split(',').map(str::trim);
        let origins: Vec<String> = origins
            .filter(|origin| !origin.is_empty())
            .map(str::to_owned)
            .collect();
        if origins.iter().any(|origin| origin.contains('*')) {
            let reason = "a wildcard would let any page read responses: list each origin in full";
            return Err(invalid(name, reason));
        }
        if !origins.iter().all(|origin| is_origin(origin)) {
            let reason = "comma-separated origins in lower case, such as https://chat.example.com, \
                          without a path, a slash at the end or the scheme's own port";
            return Err(invalid(name, reason));
        }
        Ok(origins)
    }
}

fn is_origin(text: &str) -> bool {
    reqwest::Url::parse(text).is_ok_and(|url| {
        matches!(url.scheme(), "https" | "http") && url.origin().ascii_serialization() == text
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn origins_are_taken_as_browsers_write_them_only() {
        let origins = |value| read(&[("ALLOWED_ORIGINS", value)]).map(|read| read.allowed_origins);
        let two = origins("https://a.example, http://localhost:5173,").unwrap();
        assert_eq!(two, ["https://a.example", "http://localhost:5173"]);
        assert!(read(&[]).unwrap().allowed_origins.is_empty());
        let wildcard = origins("https://*.example").unwrap_err().to_string();
        assert!(wildcard.contains("wildcard"), "{wildcard}");
        for wrong in [
            "a.example",
            "https://a.example/",
            "https://A.example",
            "https://a.example:443",
            "https://a.example/path",
            "https://user@a.example",
            "ftp://a.example",
            "https://a.example https://b.example",
        ] {
            assert!(origins(wrong).is_err(), "{wrong}");
        }
    }
}
