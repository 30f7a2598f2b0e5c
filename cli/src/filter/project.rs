//! Which projects are sent, by the folder of a conversation.

use std::path::{Path, PathBuf, absolute};

/// Which projects are sent.
#[derive(Clone, Debug, Default)]
pub struct Projects {
    only: Vec<PathBuf>,
    except: Vec<PathBuf>,
}

impl Projects {
    /// Those in the folders of the first list (all if it is empty), except for those in the second.
    pub fn new(only: &[PathBuf], except: &[PathBuf]) -> Self {
        let absolute = |folders: &[PathBuf]| folders.iter().map(|folder| tidy(folder)).collect();
        Self {
            only: absolute(only),
            except: absolute(except),
        }
    }

    /// Whether every project is sent.
    pub fn are_all(&self) -> bool {
        self.only.is_empty() && self.except.is_empty()
    }

    /// Whether conversations of this folder are sent.
    pub fn admit(&self, cwd: Option<&str>) -> bool {
        let Some(cwd) = cwd.map(Path::new) else {
            return self.only.is_empty();
        };
        let is_in = |folders: &[PathBuf]| folders.iter().any(|folder| cwd.starts_with(folder));
        (self.only.is_empty() || is_in(&self.only)) && !is_in(&self.except)
    }
}

/// The folder as sessions name it: absolute, without `.`, and its target where it is a link that is there.
fn tidy(folder: &Path) -> PathBuf {
    let whole = folder.canonicalize().or_else(|_| absolute(folder));
    whole.unwrap_or_else(|_| folder.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_match_their_contents_and_no_namesakes() {
        let projects = Projects::new(&["/nowhere/a".into()], &["/nowhere/a/secret".into()]);
        for (cwd, is_sent) in [
            (Some("/nowhere/a"), true),
            (Some("/nowhere/a/b"), true),
            (Some("/nowhere/ab"), false),
            (Some("/nowhere/a/secret/x"), false),
            (Some("/elsewhere"), false),
            (None, false),
        ] {
            assert_eq!(projects.admit(cwd), is_sent, "{cwd:?}");
        }
        assert!(Projects::default().admit(None) && Projects::default().admit(Some("/x")));
    }
}
