/* A stand-in for NVIDIA's library: two devices, of which the second measures its load alone. The file that the
 * environment variable FAKE_NVML_CALLS names gets a line for each question about load. */
#include <stdio.h>
#include <stdlib.h>

typedef struct { unsigned int gpu, memory; } utilization_t;
typedef struct { unsigned long long total, free, used; } memory_t;

enum { SUCCESS = 0, NOT_SUPPORTED = 3 };
static int devices[2] = {0, 1};

int nvmlInitWithFlags(unsigned int flags) { (void)flags; return SUCCESS; }
int nvmlInit_v2(void) { return SUCCESS; }
int nvmlShutdown(void) { return SUCCESS; }
const char *nvmlErrorString(int code) { (void)code; return "not supported"; }
int nvmlDeviceGetCount_v2(unsigned int *count) { *count = 2; return SUCCESS; }
int nvmlDeviceGetHandleByIndex_v2(unsigned int index, void **handle) { *handle = &devices[index]; return SUCCESS; }

int nvmlDeviceGetUtilizationRates(void *device, utilization_t *load) {
    const char *path = getenv("FAKE_NVML_CALLS");
    FILE *file = path ? fopen(path, "a") : NULL;
    if (file) { fputs("load\n", file); fclose(file); }
    load->gpu = *(int *)device ? 100 : 25;
    load->memory = 10;
    return SUCCESS;
}
int nvmlDeviceGetTemperature(void *device, int sensor, unsigned int *degrees) {
    (void)sensor;
    *degrees = 61;
    return *(int *)device ? NOT_SUPPORTED : SUCCESS;
}
int nvmlDeviceGetPowerUsage(void *device, unsigned int *milliwatts) {
    *milliwatts = 312500;
    return *(int *)device ? NOT_SUPPORTED : SUCCESS;
}
int nvmlDeviceGetEnforcedPowerLimit(void *device, unsigned int *milliwatts) {
    *milliwatts = 700000;
    return *(int *)device ? NOT_SUPPORTED : SUCCESS;
}
int nvmlDeviceGetMemoryInfo(void *device, memory_t *memory) {
    memory->total = 4096; memory->free = 1024; memory->used = 3072;
    return *(int *)device ? NOT_SUPPORTED : SUCCESS;
}
