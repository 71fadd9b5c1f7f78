/* The network Bass workload in C: the limit other tools are compared with.
 *
 * cc -O3 -march=native -o network_bass network_bass.c
 * network_bass graph.bin (scalar|vector) steps seed
 *
 * graph.bin holds two int64, n and the number of entries m, then indptr (n + 1 int64) and neighbours (m int32).
 * Word of mouth is pushed: whoever adopts lowers each neighbour's chance of staying untouched by (1 - q) from the next
 * step on. `scalar` draws from a 64-bit hash of (consumer, step), branch by branch; `vector` draws each number from a
 * 32-bit hash (a weaker generator) in a loop without branches, which the compiler vectorises, and collects the few
 * adopters in a second pass. Prints one line of JSON: CPU seconds, set-up seconds, peak MiB, adopters after each step.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static const float KEEP = 0.9f, GAIN[3] = {0.05f, 0.10f, 0.30f}, P = 0.01f, STAY = 0.98f;
static const double REACH[3] = {0.30, 0.15, 0.05};

typedef struct {
    int64_t n, entries;
    int64_t *indptr;
    int32_t *neighbours;
} Graph;

typedef struct {
    float *awareness, *untouched; /* (n,) untouched: (1 - q) to the power of adopted neighbours */
    uint8_t *adopted, *adopts;    /* (n,) */
    int32_t *newcomers;           /* (n,) those of one step */
} State;

static double cpu_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void *room(size_t bytes) {
    void *out = aligned_alloc(64, (bytes + 63) / 64 * 64);
    if (!out) {
        fprintf(stderr, "network_bass: out of memory\n");
        exit(1);
    }
    memset(out, 0, bytes);
    return out;
}

static Graph read_graph(const char *path) {
    Graph g;
    int64_t head[2];
    FILE *file = fopen(path, "rb");
    if (!file || fread(head, sizeof head, 1, file) != 1) {
        fprintf(stderr, "network_bass: cannot read %s\n", path);
        exit(1);
    }
    g.n = head[0];
    g.entries = head[1];
    g.indptr = room(sizeof(int64_t) * (size_t)(g.n + 1));
    g.neighbours = room(sizeof(int32_t) * (size_t)g.entries);
    if (fread(g.indptr, sizeof(int64_t), (size_t)(g.n + 1), file) != (size_t)(g.n + 1) ||
        fread(g.neighbours, sizeof(int32_t), (size_t)g.entries, file) != (size_t)g.entries) {
        fprintf(stderr, "network_bass: %s is too short\n", path);
        exit(1);
    }
    fclose(file);
    return g;
}

/* --- counter-based draws: a hash of who and when ------------------------------------------------------------------ */

static inline uint64_t mixed64(uint64_t x) {
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static inline uint32_t mixed32(uint32_t x) {
    x = (x ^ (x >> 16)) * 0x85ebca6bu;
    x = (x ^ (x >> 13)) * 0xc2b2ae35u;
    return x ^ (x >> 16);
}

static inline float unit(uint32_t word) { return (float)(int32_t)(word >> 8) * 0x1p-24f; }

/* --- one step: fills `newcomers`, returns how many ----------------------------------------------------------------- */

static int64_t step_scalar(const Graph *g, State *s, uint64_t key, const uint32_t bar[3]) {
    int64_t count = 0;
    for (int64_t i = 0; i < g->n; i++) {
        uint64_t first = mixed64(key + 2u * (uint64_t)i), second = mixed64(key + 2u * (uint64_t)i + 1u);
        float a = s->awareness[i] * KEEP;
        if ((uint32_t)first < bar[0]) a += GAIN[0] * (1.0f - a);
        if ((uint32_t)(first >> 32) < bar[1]) a += GAIN[1] * (1.0f - a);
        if ((uint32_t)second < bar[2]) a += GAIN[2] * (1.0f - a);
        s->awareness[i] = a;
        if (!s->adopted[i] && unit((uint32_t)(second >> 32)) < 1.0f - (1.0f - P * a) * s->untouched[i])
            s->newcomers[count++] = (int32_t)i;
    }
    return count;
}

static void live_vector(int64_t n, float *restrict awareness, const float *restrict untouched,
                        const uint8_t *restrict adopted, uint8_t *restrict adopts, const uint32_t key[4],
                        const uint32_t bar[3]) {
    const uint32_t k0 = key[0], k1 = key[1], k2 = key[2], k3 = key[3], b0 = bar[0], b1 = bar[1], b2 = bar[2];
    for (int64_t i = 0; i < n; i++) {
        uint32_t who = (uint32_t)i * 0x9e3779b9u;
        float a = awareness[i] * KEEP;
        a += (mixed32(who ^ k0) < b0 ? GAIN[0] : 0.0f) * (1.0f - a);
        a += (mixed32(who ^ k1) < b1 ? GAIN[1] : 0.0f) * (1.0f - a);
        a += (mixed32(who ^ k2) < b2 ? GAIN[2] : 0.0f) * (1.0f - a);
        awareness[i] = a;
        float chance = 1.0f - (1.0f - P * a) * untouched[i];
        adopts[i] = (uint8_t)((unit(mixed32(who ^ k3)) < chance) & !adopted[i]);
    }
}

static int64_t step_vector(const Graph *g, State *s, uint64_t key, const uint32_t bar[3]) {
    uint32_t keys[4];
    for (unsigned k = 0; k < 4; k++) keys[k] = (uint32_t)mixed64(key + k);
    live_vector(g->n, s->awareness, s->untouched, s->adopted, s->adopts, keys, bar);
    int64_t count = 0;
    for (int64_t at = 0; at < g->n; at += 8) {
        uint64_t eight = 0;
        size_t here = g->n - at < 8 ? (size_t)(g->n - at) : 8;
        memcpy(&eight, s->adopts + at, here);
        if (!eight) continue;
        for (size_t k = 0; k < here; k++)
            if (s->adopts[at + (int64_t)k]) s->newcomers[count++] = (int32_t)(at + (int64_t)k);
    }
    return count;
}

static void push(const Graph *g, State *s, int64_t count) {
    for (int64_t k = 0; k < count; k++) {
        int32_t who = s->newcomers[k];
        s->adopted[who] = 1;
        for (int64_t e = g->indptr[who]; e < g->indptr[who + 1]; e++) s->untouched[g->neighbours[e]] *= STAY;
    }
}

int main(int argc, char **argv) {
    if (argc != 5) {
        fprintf(stderr, "usage: network_bass graph.bin (scalar|vector) steps seed\n");
        return 2;
    }
    int vector = strcmp(argv[2], "vector") == 0, steps = atoi(argv[3]);
    uint64_t seed = strtoull(argv[4], NULL, 10);
    double begin = cpu_seconds();
    Graph g = read_graph(argv[1]);
    size_t n = (size_t)g.n;
    State s = {room(n * sizeof(float)), room(n * sizeof(float)), room(n), room(n), room(n * sizeof(int32_t))};
    for (size_t i = 0; i < n; i++) s.untouched[i] = 1.0f;
    int64_t *curve = room(sizeof(int64_t) * (size_t)(steps + 1)), adopters = 0;
    uint32_t bar[3];
    for (int k = 0; k < 3; k++) bar[k] = (uint32_t)(REACH[k] * 4294967296.0);
    double ready = cpu_seconds();
    for (int t = 0; t < steps; t++) {
        uint64_t key = mixed64(seed * 0x9e3779b97f4a7c15u + (uint64_t)t + 1u);
        int64_t count = vector ? step_vector(&g, &s, key, bar) : step_scalar(&g, &s, key, bar);
        push(&g, &s, count);
        adopters += count;
        curve[t] = adopters;
    }
    double end = cpu_seconds();
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("{\"seconds\": %.6f, \"setup\": %.6f, \"peak_mib\": %.1f, \"adopters\": [", end - ready, ready - begin,
           (double)usage.ru_maxrss / 1024.0);
    for (int t = 0; t < steps; t++) printf(t ? ", %lld" : "%lld", (long long)curve[t]);
    printf("]}\n");
    return 0;
}
