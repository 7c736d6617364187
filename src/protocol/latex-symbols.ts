/** Characters of a formula that read better with space around them. */
export const OPERATORS: ReadonlyMap<string, string> = new Map([
  ["-", " − "],
  ["−", " − "],
  ["+", " + "],
  ["=", " = "],
  ["<", " < "],
  [">", " > "],
  ["*", " · "],
  [",", ", "],
]);

const greek =
  "alpha α beta β gamma γ delta δ epsilon ε varepsilon ε zeta ζ eta η theta θ iota ι kappa κ lambda λ mu μ nu ν xi ξ pi π rho ρ sigma σ tau τ upsilon υ phi φ varphi φ chi χ psi ψ omega ω Gamma Γ Delta Δ Theta Θ Lambda Λ Xi Ξ Pi Π Sigma Σ Phi Φ Psi Ψ Omega Ω";
const letters =
  "infty ∞ ldots … dots … cdots … emptyset ∅ varnothing ∅ angle ∠ triangle △ perp ⊥ parallel ∥ circ ° degree ° partial ∂ nabla ∇ sum ∑ prod ∏ int ∫ forall ∀ exists ∃ neg ¬ prime ′ ell ℓ Re ℜ Im ℑ hbar ℏ lfloor ⌊ rfloor ⌋ lceil ⌈ rceil ⌉ langle ⟨ rangle ⟩ lbrace { rbrace } vert | mid |";
const relations =
  "cdot · times × div ÷ pm ± mp ∓ le ≤ leq ≤ leqslant ≤ ge ≥ geq ≥ geqslant ≥ ne ≠ neq ≠ approx ≈ equiv ≡ sim ∼ cong ≅ propto ∝ to → rightarrow → Rightarrow ⇒ implies ⇒ iff ⇔ Leftrightarrow ⇔ leftarrow ← mapsto ↦ in ∈ notin ∉ subset ⊂ subseteq ⊆ cup ∪ cap ∩ setminus ∖ land ∧ wedge ∧ lor ∨ vee ∨ mod mod bmod mod";

function pairs(list: string, space = ""): [string, string][] {
  const words = list.split(" ");
  const out: [string, string][] = [];
  for (let i = 0; i + 1 < words.length; i += 2) out.push([words[i] ?? "", `${space}${words[i + 1]}${space}`]);
  return out;
}

/** Commands that stand for one thing. An empty string: it only changes how things look. */
export const SYMBOLS: ReadonlyMap<string, string> = new Map([
  ...pairs(greek),
  ...pairs(letters),
  ...pairs(relations, " "),
  ...[
    "left",
    "right",
    "big",
    "Big",
    "bigg",
    "Bigg",
    "displaystyle",
    "textstyle",
    "limits",
    "boxed",
    "fbox",
  ].map((name): [string, string] => [name, ""]),
  ...["mathrm", "mathbf", "mathbb", "mathcal", "mathit", "operatorname", "overline", "vec", "hat", "bar"].map(
    (name): [string, string] => [name, ""],
  ),
  ...["!", "/", "-"].map((name): [string, string] => [name, ""]),
  ...[",", ";", ":", " ", "quad", "qquad", "hspace", "newline"].map((name): [string, string] => [name, " "]),
  ["\\", "; "],
  ["|", "‖"],
  ["pmod", " mod "],
]);

function small(from: string, to: string): ReadonlyMap<string, string> {
  const characters = [...to];
  return new Map([...from].map((char, i) => [char, characters[i] ?? char]));
}

export const SUPERSCRIPTS = small("0123456789+−=()nixyabcdk", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱˣʸᵃᵇᶜᵈᵏ");
export const SUBSCRIPTS = small("0123456789+−=()aeijknmx", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑᵢⱼₖₙₘₓ");
