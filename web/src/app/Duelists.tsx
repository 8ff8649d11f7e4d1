import { classes } from "@/components/classes";

const SIDES = [
  {
    name: "ada",
    color: "text-mine",
    bar: "bg-mine",
    passed: 6,
    lines: [
      "def longest_run(xs):",
      "    best = run = 1",
      "    for a, b in pairwise(xs):",
      "        run = run + 1 if a",
    ],
  },
  {
    name: "guido",
    color: "text-theirs",
    bar: "bg-theirs",
    passed: 4,
    lines: ["def longest_run(xs):", "    if not xs:", "        return 0", "    # what about ties?"],
  },
];

/** A picture of a duel, for the door. */
export function Duelists() {
  return (
    <div
      aria-hidden="true"
      className="border-line bg-panel shadow-lift overflow-hidden rounded-2xl border max-lg:hidden"
    >
      <div className="border-line flex items-center justify-center border-b py-4">
        <span className="tabular text-3xl">11:42</span>
      </div>
      <div className="divide-line grid grid-cols-2 divide-x">
        {SIDES.map((side) => (
          <div key={side.name} className="min-w-0 p-6">
            <div className={classes("mb-3 flex justify-between text-sm font-semibold", side.color)}>
              <span>{side.name}</span>
              <span className="tabular">{side.passed}/8</span>
            </div>
            <div className="bg-line mb-5 flex h-1.5 overflow-hidden rounded-full">
              <span className={side.bar} style={{ width: `${(side.passed / 8) * 100}%` }} />
            </div>
            <pre className="overflow-hidden text-[13px] leading-loose">
              {side.lines.join("\n")}
              <span className={classes("animate-breathe", side.color)}>▌</span>
            </pre>
          </div>
        ))}
      </div>
    </div>
  );
}
