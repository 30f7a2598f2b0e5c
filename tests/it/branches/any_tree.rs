//! After any operations, a tree reads the same as a simple model of it.

use std::collections::BTreeMap;

use super::travelling::exported_and_imported;
use super::{MESSAGES, behind, path, said, switch, tree};
use crate::common::Site;
use serde_json::{Value, json};

on_both_stores!(any_tree_reads_as_a_simple_one_does);

/// A conversation as a plain tree.
#[derive(Default)]
struct Model {
    parents: BTreeMap<String, String>,
    head: String,
}

impl Model {
    fn path(&self) -> Vec<String> {
        let (mut path, mut at) = (Vec::new(), self.head.clone());
        while !at.is_empty() {
            path.insert(0, at.clone());
            at = self.parents[&at].clone();
        }
        path
    }

    fn is_below(&self, id: &str, ancestor: &str) -> bool {
        let mut at = id;
        while !at.is_empty() {
            if at == ancestor {
                return true;
            }
            at = &self.parents[at];
        }
        false
    }

    fn remove(&mut self, id: &str) {
        let parent = self.parents.remove(id).unwrap();
        for other in self.parents.values_mut() {
            if other == id {
                *other = parent.clone();
            }
        }
        if self.head == id {
            self.head = parent;
        }
    }

    fn truncate(&mut self, id: &str) {
        let gone: Vec<String> = self
            .parents
            .keys()
            .filter(|other| self.is_below(other, id))
            .cloned()
            .collect();
        if gone.contains(&self.head) {
            self.head = self.parents[id].clone();
        }
        for id in gone {
            self.parents.remove(&id);
        }
    }
}

async fn any_tree_reads_as_a_simple_one_does(site: Site) {
    for seed in 0..6 {
        let mut random = fastrand::Rng::with_seed(seed);
        let user = site.user().await;
        user.create("c", vec![]).await;
        let mut model = Model::default();
        for step in 0..40 {
            let known: Vec<String> = model.parents.keys().cloned().collect();
            let any = |random: &mut fastrand::Rng| random.choice(&known).cloned();
            match (random.u8(0..10), any(&mut random)) {
                (0, Some(id)) => {
                    user.delete(&format!("{MESSAGES}/{id}")).await.expect(200);
                    model.remove(&id);
                }
                (1, Some(id)) => {
                    user.delete(&format!("{MESSAGES}/{id}?andAfter=true"))
                        .await
                        .expect(200);
                    model.truncate(&id);
                }
                (2..4, Some(id)) => {
                    switch(&user, &id).await;
                    model.head = id;
                }
                (4, _) => {
                    let kept = model.path();
                    let saved: Vec<Value> = kept.iter().map(|id| said(id)).collect();
                    user.put("/api/conversations/c", &json!({ "messages": saved }))
                        .await
                        .expect(200);
                }
                (5..8, Some(parent)) => {
                    let id = format!("m{step}");
                    user.append("c", vec![behind(&id, &parent)])
                        .await
                        .expect(201);
                    model.parents.insert(id.clone(), parent);
                    model.head = id;
                }
                _ => {
                    let id = format!("m{step}");
                    user.append("c", vec![said(&id)]).await.expect(201);
                    model.parents.insert(id.clone(), model.head.clone());
                    model.head = id;
                }
            }
            assert_eq!(path(&user).await, model.path(), "seed {seed}, step {step}");
            assert_eq!(tree(&user).await, model.parents, "seed {seed}, step {step}");
        }
        let other = exported_and_imported(&site, &user).await;
        assert_eq!(tree(&other).await, model.parents, "seed {seed}");
        assert_eq!(path(&other).await, model.path(), "seed {seed}");
    }
}
