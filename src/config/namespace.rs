//! What keys begin with.

use super::{ConfigError, Variables, invalid};

const ENVIRONMENT: &str = "VERCEL_ENV";

impl Variables<'_> {
    /// `KEY_NAMESPACE`, or one derived from `VERCEL_ENV`: production has none, development and every branch of the
    /// previews have their own, so that deployments that share a database never see each other.
    pub(super) fn namespace(&self) -> Result<String, ConfigError> {
        if let Some(namespace) = self.optional("KEY_NAMESPACE") {
            if namespace.len() > 100 || !namespace.chars().all(is_namespace_char) {
                return Err(invalid(
                    "KEY_NAMESPACE",
                    "at most 100 characters of A-Z a-z 0-9 _ - . / :",
                ));
            }
            return Ok(namespace);
        }
        match self.optional(ENVIRONMENT).as_deref() {
            Some("production") => Ok(String::new()),
            Some("preview") => self.preview_namespace(),
            Some("development") => Ok("development:".into()),
            Some(_) => Err(invalid(
                ENVIRONMENT,
                "production, preview or development, unless KEY_NAMESPACE is set",
            )),
            // A project can hide this variable from its deployments. A preview would then not recognise itself
            // as one, and write among production's keys.
            None if self.optional("VERCEL_IPC_PATH").is_some() => {
                Err(ConfigError::Missing("VERCEL_ENV (or KEY_NAMESPACE)"))
            }
            None => Ok(String::new()),
        }
    }

    fn preview_namespace(&self) -> Result<String, ConfigError> {
        let branch = self
            .optional("VERCEL_GIT_COMMIT_REF")
            .ok_or(ConfigError::Missing(
                "VERCEL_GIT_COMMIT_REF (or KEY_NAMESPACE)",
            ))?;
        Ok(format!("preview:{branch}:"))
    }
}

fn is_namespace_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_-./:".contains(c)
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn a_deployment_that_cannot_tell_whether_it_is_a_preview_does_not_start() {
        let deployed = ("VERCEL_IPC_PATH", "/tmp/ipc.sock");
        let error = read(&[deployed]).unwrap_err().to_string();
        assert!(error.contains("VERCEL_ENV"), "{error}");
        for told in [("VERCEL_ENV", "production"), ("KEY_NAMESPACE", "own:")] {
            assert!(read(&[deployed, told]).is_ok(), "{told:?}");
        }
    }

    #[test]
    fn a_preview_has_its_branch_as_namespace() {
        let config = read(&[
            ("VERCEL_ENV", "preview"),
            ("VERCEL_GIT_COMMIT_REF", "feature/x"),
        ]);
        assert_eq!(config.unwrap().namespace, "preview:feature/x:");
    }

    #[test]
    fn production_has_no_namespace_and_development_its_own() {
        let namespace = |name| read(&[("VERCEL_ENV", name)]).unwrap().namespace;
        assert_eq!(namespace("production"), "");
        assert_eq!(namespace("development"), "development:");
        let chosen = [("VERCEL_ENV", "development"), ("KEY_NAMESPACE", "own:")];
        assert_eq!(read(&chosen).unwrap().namespace, "own:");
    }

    #[test]
    fn an_unknown_environment_is_refused_unless_a_namespace_is_chosen() {
        let unknown = ("VERCEL_ENV", "staging-eu");
        let error = read(&[unknown]).unwrap_err().to_string();
        assert!(error.contains("VERCEL_ENV"), "{error}");
        assert!(!error.contains("staging-eu"), "{error}");
        assert!(read(&[unknown, ("KEY_NAMESPACE", "own:")]).is_ok());
    }
}
