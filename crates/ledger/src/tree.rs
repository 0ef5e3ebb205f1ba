//! The Merkle tree of RFC 6962 section 2.1: hashing, the right edge that appends need, and both kinds of proof.
//!
//! Nothing here reads a file. Proofs take their hashes from a [`Nodes`]; `tiles` has the one over a directory.

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::fmt;

/// A SHA-256 hash in the tree. Prints as base64, as checkpoints and proofs write it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// Reads the base64 of exactly 32 bytes (RFC 4648 section 4, with padding); `None` for anything else.
    #[must_use]
    pub fn from_base64(text: &str) -> Option<Self> {
        STANDARD.decode(text).ok().and_then(|bytes| Self::from_slice(&bytes))
    }

    /// Takes exactly 32 bytes; `None` for another length.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        <[u8; 32]>::try_from(bytes).ok().map(Self)
    }

    /// Its bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// SHA-256 over the parts in order.
pub(crate) fn sha256(parts: &[&[u8]]) -> Digest {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        context.update(part);
    }
    let mut out = [0u8; 32];
    for (to, from) in out.iter_mut().zip(context.finish().as_ref()) {
        *to = *from;
    }
    Digest(out)
}

/// RFC 6962 section 2.1: the hash of a leaf is SHA-256(0x00 || leaf).
#[must_use]
pub fn leaf_hash(leaf: &[u8]) -> Digest {
    sha256(&[&[0], leaf])
}

/// RFC 6962 section 2.1: the hash of an inner node is SHA-256(0x01 || left || right).
#[must_use]
pub fn node_hash(left: &Digest, right: &Digest) -> Digest {
    sha256(&[&[1], &left.0, &right.0])
}

/// RFC 6962 section 2.1: the root of the empty tree is SHA-256 of nothing.
#[must_use]
pub fn empty_root() -> Digest {
    sha256(&[])
}

/// The right edge of a tree: the roots of its complete subtrees, largest first. All that an append needs; 32 bytes for every
/// bit set in the size, so it is stored beside each commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    edge: Vec<Digest>,
}

/// The bytes are not a frontier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the stored right edge of the ledger is damaged: restore the database from a backup")]
pub struct BadFrontier;

impl Default for Frontier {
    fn default() -> Self {
        Self::empty()
    }
}

impl Frontier {
    /// The empty tree.
    #[must_use]
    pub const fn empty() -> Self {
        Self { size: 0, edge: Vec::new() }
    }

    /// Appends a leaf by its hash ([`leaf_hash`]) and returns the index it has in the log. About two hashes on average.
    pub fn append(&mut self, leaf: Digest) -> u64 {
        let index = self.size;
        let mut node = leaf;
        let mut rest = index;
        while rest & 1 == 1 {
            if let Some(left) = self.edge.pop() {
                node = node_hash(&left, &node);
            }
            rest >>= 1;
        }
        self.edge.push(node);
        self.size += 1;
        index
    }

    /// The number of leaves.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The root hash.
    #[must_use]
    pub fn root(&self) -> Digest {
        let mut subtrees = self.edge.iter().rev();
        let Some(last) = subtrees.next() else { return empty_root() };
        subtrees.fold(*last, |right, left| node_hash(left, &right))
    }

    /// Its stored form: the size as 8 bytes, big-endian, then the hashes, largest subtree first.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(8 + 32 * self.edge.len());
        bytes.extend_from_slice(&self.size.to_be_bytes());
        for hash in &self.edge {
            bytes.extend_from_slice(&hash.0);
        }
        bytes
    }

    /// Reads the stored form.
    ///
    /// # Errors
    /// [`BadFrontier`] when there are not as many hashes as the size has bits set.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BadFrontier> {
        let (size, hashes) = bytes.split_first_chunk::<8>().ok_or(BadFrontier)?;
        let size = u64::from_be_bytes(*size);
        let edge = hashes.chunks(32).map(Digest::from_slice).collect::<Option<Vec<_>>>().ok_or(BadFrontier)?;
        if u32::try_from(edge.len()) == Ok(size.count_ones()) { Ok(Self { size, edge }) } else { Err(BadFrontier) }
    }
}

/// The root of a complete subtree given by its leaves' hashes, or by the roots of equal complete subtrees. For a number that
/// is not a power of two it is the RFC 6962 hash of that list.
#[must_use]
pub fn root_of(hashes: &[Digest]) -> Digest {
    let mut frontier = Frontier::empty();
    for hash in hashes {
        frontier.append(*hash);
    }
    frontier.root()
}

/// Where proofs find the hashes of complete subtrees.
pub trait Nodes {
    /// Why a hash could not be had.
    type Error;

    /// The root of the complete subtree over the leaves `index << level .. (index + 1) << level`.
    ///
    /// # Errors
    /// When it cannot be read.
    fn node(&mut self, level: u32, index: u64) -> Result<Digest, Self::Error>;
}

/// The largest power of two below `n`, for `n >= 2`: where RFC 6962 splits a list.
fn split(n: u64) -> u64 {
    1 << (63 - (n.max(2) - 1).leading_zeros())
}

/// MTH(D[from:to]) for a range that RFC 6962 would come upon while splitting: `from` is a multiple of the next power of two.
fn range_root<N: Nodes + ?Sized>(nodes: &mut N, from: u64, to: u64) -> Result<Digest, N::Error> {
    let n = to.saturating_sub(from);
    if n == 0 {
        return Ok(empty_root());
    }
    if n.is_power_of_two() {
        return nodes.node(n.trailing_zeros(), from >> n.trailing_zeros());
    }
    let middle = from + split(n);
    let left = range_root(nodes, from, middle)?;
    let right = range_root(nodes, middle, to)?;
    Ok(node_hash(&left, &right))
}

/// The root of the tree's first `size` leaves.
///
/// # Errors
/// As [`Nodes::node`].
pub fn root_at<N: Nodes + ?Sized>(nodes: &mut N, size: u64) -> Result<Digest, N::Error> {
    range_root(nodes, 0, size)
}

/// The inclusion path of leaf `index` in the tree of `size` leaves, from the leaf's sibling up (RFC 6962 section 2.1.1). Empty
/// when `index` is not in the tree, which no verifier takes for a proof unless `size` is 1.
///
/// # Errors
/// As [`Nodes::node`].
pub fn inclusion_path<N: Nodes + ?Sized>(nodes: &mut N, index: u64, size: u64) -> Result<Vec<Digest>, N::Error> {
    let mut path = Vec::new();
    if index >= size {
        return Ok(path);
    }
    let (mut from, mut to) = (0, size);
    while to - from > 1 {
        let middle = from + split(to - from);
        if index < middle {
            path.push(range_root(nodes, middle, to)?);
            to = middle;
        } else {
            path.push(range_root(nodes, from, middle)?);
            from = middle;
        }
    }
    path.reverse();
    Ok(path)
}

/// The proof that the tree of `new` leaves begins with the tree of `old` leaves (RFC 6962 section 2.1.2). Empty when `old` is 0,
/// equal to `new`, or larger.
///
/// # Errors
/// As [`Nodes::node`].
pub fn consistency_path<N: Nodes + ?Sized>(nodes: &mut N, old: u64, new: u64) -> Result<Vec<Digest>, N::Error> {
    let mut path = Vec::new();
    if old == 0 || old >= new {
        return Ok(path);
    }
    let (mut from, mut to) = (0, new);
    // SUBPROOF(m, D, b): `whole` is RFC 6962's b, true while the old tree's root itself is what we look for.
    let mut whole = true;
    while old != to {
        let middle = from + split(to - from);
        if old <= middle {
            path.push(range_root(nodes, middle, to)?);
            to = middle;
        } else {
            path.push(range_root(nodes, from, middle)?);
            from = middle;
            whole = false;
        }
    }
    if !whole {
        path.push(range_root(nodes, from, to)?);
    }
    path.reverse();
    Ok(path)
}

/// Whether `path` proves that `leaf` (a [`leaf_hash`]) stands at `index` in the tree of `size` leaves under `root`
/// (RFC 9162 section 2.1.3.2; the tree is the one of RFC 6962).
#[must_use]
pub fn verify_inclusion(leaf: &Digest, index: u64, size: u64, path: &[Digest], root: &Digest) -> bool {
    if index >= size {
        return false;
    }
    let (mut node, mut last) = (index, size - 1);
    let mut hash = *leaf;
    for sibling in path {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(sibling, &hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && hash == *root
}

/// Whether `path` proves that the tree of `new` leaves under `new_root` begins with the tree of `old` leaves under `old_root`
/// (RFC 9162 section 2.1.4.2; the tree is the one of RFC 6962). The empty tree begins every tree, with an empty path.
#[must_use]
pub fn verify_consistency(old: u64, old_root: &Digest, new: u64, new_root: &Digest, path: &[Digest]) -> bool {
    if old > new {
        return false;
    }
    if old == 0 {
        return path.is_empty() && *old_root == empty_root() && (new != 0 || *new_root == empty_root());
    }
    if old == new {
        return path.is_empty() && old_root == new_root;
    }
    let (mut node, mut last) = (old - 1, new - 1);
    while node & 1 == 1 {
        node >>= 1;
        last >>= 1;
    }
    let mut path = path.iter();
    let seed = if old.is_power_of_two() { Some(old_root) } else { path.next() };
    let Some(seed) = seed else { return false };
    let (mut first, mut second) = (*seed, *seed);
    for hash in path {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            first = node_hash(hash, &first);
            second = node_hash(hash, &second);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            second = node_hash(&second, hash);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && first == *old_root && second == *new_root
}

#[cfg(test)]
mod tests;
