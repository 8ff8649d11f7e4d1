#include <functional>
#include <queue>
#include <string>
#include <tuple>
#include <vector>

using namespace std;

long long fastest_walk(vector<string> town) {
    int rows = town.size(), columns = town[0].size();
    using Arrival = tuple<long long, int, int>;
    priority_queue<Arrival, vector<Arrival>, greater<>> heap;
    for (int y = 0; y < rows; y++)
        for (int x = 0; x < columns; x++)
            if (town[y][x] == 'S') heap.emplace(0, y, x);
    vector<vector<bool>> arrived(rows, vector<bool>(columns));
    const int steps[4][2] = {{1, 0}, {-1, 0}, {0, 1}, {0, -1}};
    while (!heap.empty()) {
        auto [minute, y, x] = heap.top();
        heap.pop();
        if (arrived[y][x]) continue;
        arrived[y][x] = true;
        if (town[y][x] == 'E') return minute;
        for (auto [dy, dx] : steps) {
            int v = y + dy, u = x + dx;
            if (v < 0 || u < 0 || v >= rows || u >= columns || town[v][u] == '#') continue;
            long long next = minute + 1;
            if (town[v][u] == '=') next = (next + 2) / 3 * 3;
            heap.emplace(next, v, u);
        }
    }
    return -1;
}
