#include <map>
#include <string>

using namespace std;

map<string, long long> settle(map<string, long long> paid) {
    if (paid.empty()) return {};
    long long total = 0, count = paid.size();
    for (auto& [name, amount] : paid) total += amount;
    long long share = total / count, left = total % count;
    // A map is in alphabetical order.
    for (auto& [name, amount] : paid) amount -= share + (left-- > 0);
    return paid;
}
