// expect: WA
// Without a comparison, sort() puts 1000 before 9.
const weights = require("fs").readFileSync(0, "utf8").split(/\s+/).filter(Boolean).map(Number).sort();
const kept = weights.length >= 3 ? weights.slice(1, -1) : weights;
console.log(kept.length ? kept.reduce((sum, weight) => sum + weight, 0) / kept.length : "empty");
