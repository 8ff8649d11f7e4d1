const script = require("fs").readFileSync(0, "utf8").split("\n")[0].trim();
const outside = [];
let [letters, ks, number] = [0n, 0n, 0n];
for (const c of script) {
  if (c >= "0" && c <= "9") {
    number = number * 10n + BigInt(c);
  } else if (c === "(") {
    outside.push([letters, ks, number]);
    letters = ks = number = 0n;
  } else if (c === ")") {
    const [before, ksBefore, times] = outside.pop();
    letters = before + times * letters;
    ks = ksBefore + times * ks;
  } else {
    letters++;
    if (c === "k") ks++;
  }
}
console.log(`${letters} ${ks}`);
