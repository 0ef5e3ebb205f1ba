use super::*;
use proptest::prelude::*;
use std::convert::Infallible;

/// RFC 6962 section 2.1, word for word.
fn oracle(leaves: &[Vec<u8>]) -> Digest {
    match leaves {
        [] => empty_root(),
        [leaf] => leaf_hash(leaf),
        _ => {
            let mut k = 1;
            while k * 2 < leaves.len() {
                k *= 2;
            }
            node_hash(&oracle(&leaves[..k]), &oracle(&leaves[k..]))
        }
    }
}

struct Leaves<'a>(&'a [Vec<u8>]);

impl Nodes for Leaves<'_> {
    type Error = Infallible;
    fn node(&mut self, level: u32, index: u64) -> Result<Digest, Infallible> {
        let width = 1usize << level;
        let from = usize::try_from(index).unwrap() * width;
        Ok(oracle(&self.0[from..from + width]))
    }
}

fn frontier(leaves: &[Vec<u8>]) -> Frontier {
    let mut frontier = Frontier::empty();
    for (index, leaf) in (0..).zip(leaves) {
        assert_eq!(frontier.append(leaf_hash(leaf)), index);
    }
    frontier
}

fn some(n: usize) -> Vec<Vec<u8>> {
    (0..n).map(|i| format!("leaf {i}").into_bytes()).collect()
}

#[test]
fn roots_are_those_of_the_published_test_vectors() {
    // The vectors of RFC 6962's reference implementation (certificate-transparency, merkle_tree_test).
    let hex = |text: &str| {
        let digits: Vec<_> = text.chars().map(|digit| u8::try_from(digit.to_digit(16).unwrap()).unwrap()).collect();
        digits.chunks(2).map(|pair| pair[0] * 16 + pair[1]).collect::<Vec<u8>>()
    };
    let leaves: Vec<Vec<u8>> =
        ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
            .into_iter()
            .map(hex)
            .collect();
    let roots = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    for (size, root) in roots.into_iter().enumerate() {
        assert_eq!(frontier(&leaves[..size]).root().as_bytes().to_vec(), hex(root), "size {size}");
    }
}

#[test]
fn every_proof_of_every_small_tree_verifies_and_no_other_index_or_size_does() {
    let leaves = some(33);
    for size in 1..=33_u64 {
        let tree = &leaves[..usize::try_from(size).unwrap()];
        let root = oracle(tree);
        for index in 0..size {
            let path = inclusion_path(&mut Leaves(tree), index, size).unwrap();
            let leaf = leaf_hash(&tree[usize::try_from(index).unwrap()]);
            assert!(verify_inclusion(&leaf, index, size, &path, &root), "{index} of {size}");
            for other in (0..size + 2).filter(|other| *other != index) {
                assert!(!verify_inclusion(&leaf, other, size, &path, &root), "{index} as {other} of {size}");
            }
            assert!(!verify_inclusion(&leaf_hash(b"other"), index, size, &path, &root));
            let mut longer = path.clone();
            longer.push(root);
            assert!(!verify_inclusion(&leaf, index, size, &longer, &root));
        }
    }
}

#[test]
fn every_consistency_proof_of_small_trees_verifies_and_no_other_root_does() {
    let leaves = some(33);
    let root = |size: u64| oracle(&leaves[..usize::try_from(size).unwrap()]);
    for new in 0..=33 {
        for old in 0..=new {
            let path = consistency_path(&mut Leaves(&leaves), old, new).unwrap();
            assert!(verify_consistency(old, &root(old), new, &root(new), &path), "{old} in {new}");
            assert!(!verify_consistency(old, &leaf_hash(b"x"), new, &root(new), &path), "{old} in {new}");
            if old > 0 {
                assert!(!verify_consistency(old, &root(old), new, &leaf_hash(b"x"), &path), "{old} in {new}");
            }
            let mut longer = path.clone();
            longer.push(root(new));
            assert!(!verify_consistency(old, &root(old), new, &root(new), &longer), "{old} in {new}");
            assert!(!verify_consistency(new + 1, &root(new), new, &root(new), &path));
        }
    }
}

#[test]
fn a_frontier_with_a_hash_too_few_or_too_many_is_refused() {
    let bytes = frontier(&some(7)).to_bytes();
    assert_eq!(bytes.len(), 8 + 3 * 32);
    assert!(Frontier::from_bytes(&bytes).is_ok());
    assert_eq!(Frontier::from_bytes(&bytes[..bytes.len() - 32]), Err(BadFrontier));
    assert_eq!(Frontier::from_bytes(&bytes[..bytes.len() - 1]), Err(BadFrontier));
    assert_eq!(Frontier::from_bytes(&[bytes.clone(), vec![0; 32]].concat()), Err(BadFrontier));
    assert_eq!(Frontier::from_bytes(&[]), Err(BadFrontier));
}

proptest! {
    #[test]
    fn the_frontier_agrees_with_the_recursive_definition_and_survives_storage(
        leaves in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..4), 0..300),
        cut in 0usize..300,
    ) {
        let cut = cut.min(leaves.len());
        let mut stored = Frontier::from_bytes(&frontier(&leaves[..cut]).to_bytes()).unwrap();
        for leaf in &leaves[cut..] {
            stored.append(leaf_hash(leaf));
        }
        prop_assert_eq!(stored.root(), oracle(&leaves));
        prop_assert_eq!(stored, frontier(&leaves));
    }

    #[test]
    fn proofs_of_any_tree_verify(
        leaves in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..4), 1..300),
        index in any::<prop::sample::Index>(),
        old in any::<prop::sample::Index>(),
    ) {
        let size = leaves.len() as u64;
        let index = index.index(leaves.len());
        let path = inclusion_path(&mut Leaves(&leaves), index as u64, size).unwrap();
        prop_assert!(verify_inclusion(&leaf_hash(&leaves[index]), index as u64, size, &path, &oracle(&leaves)));
        let old = old.index(leaves.len());
        let path = consistency_path(&mut Leaves(&leaves), old as u64, size).unwrap();
        prop_assert!(verify_consistency(old as u64, &oracle(&leaves[..old]), size, &oracle(&leaves), &path));
    }

    #[test]
    fn no_path_makes_the_verifiers_panic(
        path in proptest::collection::vec(any::<[u8; 32]>(), 0..70),
        index: u64,
        size: u64,
        old: u64,
    ) {
        let path: Vec<_> = path.into_iter().map(Digest).collect();
        let hash = leaf_hash(b"leaf");
        prop_assert!(!verify_inclusion(&hash, index, size, &path, &leaf_hash(b"root")));
        prop_assert!(!verify_consistency(old, &hash, size, &leaf_hash(b"root"), &path));
    }
}
