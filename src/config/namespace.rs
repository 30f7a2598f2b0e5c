//! What keys begin with.

use super::{ConfigError, Variables, invalid};

impl Variables<'_> {
    /// `KEY_NAMESPACE`, or the branch of a preview deployment, so that branches that share a database
    /// never see each other.
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
        let environment = self.optional("VERCEL_ENV");
        // A project can hide this variable from its deployments. Then a preview would not know itself for
        // one, and write among the conversations of production.
        if environment.is_none() && self.optional("VERCEL_IPC_PATH").is_some() {
            return Err(ConfigError::Missing("VERCEL_ENV (or KEY_NAMESPACE)"));
        }
        if environment.as_deref() != Some("preview") {
            return Ok(String::new());
        }
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
}
