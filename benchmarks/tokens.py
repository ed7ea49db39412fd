"""Estimated tokens beside counted ones: `python benchmarks/tokens.py TOKENIZER.json`.

The file is the one tokenizer of Claude that Anthropic ever published, that of Claude 2; it is in
its Python package up to 0.38. In an environment of its own:

    pip install --no-deps anthropic==0.38.0 tokenizers huggingface_hub
    python benchmarks/tokens.py .../site-packages/anthropic/tokenizer.json

Newer models take more tokens of the same text. By how much, others have measured on Claude Opus 4.7
with Anthropic's own counter (factors below, looked up on 25 November 2026; where they differ, the
larger). The estimate should not fall below that.
"""

from __future__ import annotations

import base64
import random
import sys
import uuid
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "src"))

from gptexit.writers.packs.conversation import estimate  # noqa: E402

LATIN, CODE, JSON, OTHER = 1.47, 1.36, 1.31, 1.07
"""Tokens of Claude Opus 4.7 for one of the model before it; that is taken to need no more than
Claude 2."""


def files(pattern: str) -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(ROOT.glob(pattern)))


def samples() -> dict[str, tuple[str, float]]:
    rng = random.Random(1)
    keys = " ".join(str(uuid.UUID(int=rng.getrandbits(128))) for _ in range(500))
    numbers = "\n".join(",".join(str(rng.random()) for _ in range(8)) for _ in range(500))
    return {
        "English, with code": (files("docs/*.md"), LATIN),
        "Python": (files("src/gptexit/targets/**/*.py"), CODE),
        "JSON": (files("schemas/conversation.schema.json"), JSON),
        "ids": (keys, OTHER),
        "numbers": (numbers, OTHER),
        "base64": (base64.b64encode(rng.randbytes(9_000)).decode(), OTHER),
        **{name: (text * 5, factor) for name, (text, factor) in LANGUAGES.items()},
    }


LANGUAGES = {
    "German": (
        "Gestern kam ein Brief: Der Schaden am Fahrrad wird nicht übernommen, weil das Schloss zu "
        "alt gewesen sei. Wie schreibe ich einen höflichen, aber bestimmten Widerspruch? ",
        LATIN,
    ),
    "French": (
        "Hier j’ai reçu une lettre : les dégâts causés à mon vélo ne seront pas remboursés. "
        "Comment rédiger une réponse polie mais ferme, et quels délais s’appliquent ? ",
        LATIN,
    ),
    "Polish": (
        "Wczoraj przyszedł list, że szkoda nie zostanie pokryta, ponieważ zamek był zbyt stary. "
        "Jak napisać uprzejme, lecz stanowcze odwołanie? ",
        LATIN,
    ),
    "Vietnamese": (
        "Hôm qua tôi nhận được thư nói rằng họ sẽ không bồi thường vì ổ khóa đã quá cũ. "
        "Tôi nên viết thư khiếu nại thế nào cho lịch sự? ",
        LATIN,
    ),
    "Russian": (
        "Вчера пришло письмо: ущерб не возместят, потому что замок был слишком старым. "
        "Как составить вежливое, но твёрдое возражение? ",
        OTHER,
    ),
    "Greek": (
        "Χθες ήρθε ένα γράμμα: η ζημιά δεν θα καλυφθεί, επειδή η κλειδαριά ήταν πολύ παλιά. ",
        OTHER,
    ),
    "Chinese": ("昨天来信说,因为车锁太旧,自行车的损失不予赔偿。怎样写一封礼貌的异议信?", OTHER),
    "Japanese": ("昨日、鍵が古すぎたため自転車の損害は補償されないという手紙が届きました。", OTHER),
    "Korean": (
        "어제 자물쇠가 너무 오래되어 자전거 손해를 보상하지 않겠다는 편지가 왔습니다. ",
        OTHER,
    ),
    "Arabic": ("وصلتني أمس رسالة تقول إن الضرر لن يُعوَّض لأن القفل كان قديمًا جدًا. ", OTHER),
    "Hindi": ("कल एक पत्र आया कि नुकसान की भरपाई नहीं होगी क्योंकि ताला बहुत पुराना था। ", OTHER),
    "Thai": ("เมื่อวานมีจดหมายมาว่าจะไม่ชดใช้ความเสียหายเพราะตัวล็อกเก่าเกินไป ", OTHER),
    "emoji": ("😀🎉👍🏽❤️🔥🚀🥳🙏🏻", OTHER),
    "mathematics": ("∑ᵢ₌₁ⁿ xᵢ² ≤ ∫₀^∞ e^{−λt} dt ⇒ ∀ε>0 ∃δ>0: |f(x)−f(y)|<ε ", OTHER),
}


def main() -> None:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(sys.argv[1])
    print("| text | bytes | Claude 2 | newer models, at most | estimate | by |")
    print("|---|--:|--:|--:|--:|--:|")
    for name, (text, factor) in samples().items():
        counted = len(tokenizer.encode(text).ids)
        guess = estimate(text.encode())
        newer = counted * factor
        print(
            f"| {name} | {len(text.encode()):,} | {counted:,} | {newer:,.0f} | {guess:,} | "
            f"{guess / newer:.2f} |"
        )


if __name__ == "__main__":
    main()
