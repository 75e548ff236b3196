"""hpbandster's dispatcher, made to outlive its workers.

In hpbandster 0.7.4 the thread that sends jobs dies when a worker is gone at that moment or when a job cannot be
serialized, and the thread that looks for workers dies when a worker goes away between two of its calls. Both hold a
lock when they die, so the optimizer waits forever and cannot be shut down. Here such a worker is dropped and its job
goes to another one; what is not the worker's fault is reported. And where the dispatcher itself cannot start (its host
is no address of this machine, or the nameserver is gone) the two go on forever, and the program never ends: here they
end with it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import Pyro4
from hpbandster.core.dispatcher import Dispatcher
from hpbandster.core.dispatcher import Worker as WorkerProxy
from Pyro4.errors import CommunicationError, NamingError, SerializeError

WORKER_DIED: Final = "Worker died unexpectedly."
"""hpbandster's text for a job whose worker is gone."""


class SturdyDispatcher(Dispatcher):  # type: ignore[misc]  # hpbandster is untyped
    """See the module. Made out of hpbandster's own dispatcher by :func:`made_sturdy`, before its threads start.

    Attributes:
        report: takes an error that would otherwise have ended a thread unseen.
    """

    report: Callable[[Exception], None]

    def run(self) -> None:
        """Serve until shutdown (hpbandster's thread)."""
        try:
            super().run()
        except Exception as error:
            self.report(error)
        finally:
            with self.discover_cond:
                self.shutdown_all_threads = True
                self.runner_cond.notify_all()
                self.discover_cond.notify_all()

    def shutdown(self, shutdown_workers: bool = False) -> None:
        """End all threads."""
        if shutdown_workers:
            self.shutdown_all_workers()
        with self.runner_cond:
            if getattr(self, "pyro_daemon", None) is not None:
                self.pyro_daemon.shutdown()

    def job_runner(self) -> None:
        """Send waiting jobs to idle workers until shutdown (hpbandster's thread)."""
        with self.runner_cond:
            while True:
                self.runner_cond.wait_for(self._can_act)
                if self.shutdown_all_threads:
                    self.discover_cond.notify()
                    return
                self._start_job()

    def _can_act(self) -> bool:
        return self.shutdown_all_threads or bool(self.idle_workers and not self.waiting_jobs.empty())

    def _start_job(self) -> None:
        job = self.waiting_jobs.get()
        name = self.idle_workers.pop()
        worker = self.worker_pool[name]
        job.time_it("started")
        job.worker_name, worker.runs_job = name, job.id
        self.running_jobs[job.id] = job
        try:
            worker.proxy.start_computation(self, job.id, **job.kwargs)
        except (SerializeError, TypeError) as error:
            self.report(error)
        except CommunicationError:
            del self.running_jobs[job.id], self.worker_pool[name]
            self.waiting_jobs.put(job)
            self.discover_cond.notify()  # the master must learn that there is one worker less

    def discover_workers(self) -> None:
        """Find new workers and drop dead ones, again and again until shutdown (hpbandster's thread)."""
        n_known = 0
        while not self.shutdown_all_threads:
            lost_jobs: list[Any] = []
            with self.discover_cond:
                try:
                    lost_jobs = self._refresh_pool()
                except (NamingError, CommunicationError) as error:
                    self.report(error)
                n_workers = len(self.worker_pool)
                self.runner_cond.notify()
            if n_workers != n_known and self.queue_callback is not None:
                self.queue_callback(n_workers)
                n_known = n_workers
            for job_id in lost_jobs:
                with suppress(KeyError):  # its result arrived after all
                    self.register_result(job_id, {"result": None, "exception": WORKER_DIED})
            with self.discover_cond:
                if not self.shutdown_all_threads:
                    self.discover_cond.wait(self.ping_interval)
        with self.runner_cond:
            self.runner_cond.notify()

    def _refresh_pool(self) -> list[Any]:
        """Look for workers; the ids of jobs that were running on dead ones."""
        with Pyro4.locateNS(host=self.nameserver, port=self.nameserver_port) as nameserver:
            listed = nameserver.list(prefix=f"hpbandster.run_{self.run_id}.worker.")
        for name, uri in listed.items():
            if name not in self.worker_pool and _answers(worker := WorkerProxy(name, uri)):
                self.worker_pool[name] = worker
        lost_jobs = []
        for name, worker in list(self.worker_pool.items()):
            if not _answers(worker):
                del self.worker_pool[name]
                self.idle_workers.discard(name)
                if worker.runs_job is not None:
                    lost_jobs.append(worker.runs_job)
            elif worker.runs_job is None and not _is_busy(worker):
                self.idle_workers.add(name)
        return lost_jobs

    def shutdown_all_workers(self, rediscover: bool = False) -> None:
        """Ask every worker that still answers to stop."""
        with self.discover_cond:
            for worker in self.worker_pool.values():
                with suppress(CommunicationError):
                    worker.shutdown()
                worker.proxy._pyroRelease()
            if rediscover:
                self.discover_cond.notify()


def made_sturdy(dispatcher: Dispatcher, report: Callable[[Exception], None]) -> SturdyDispatcher:
    """Turn hpbandster's dispatcher, which its master makes by itself, into a sturdy one."""
    dispatcher.__class__ = SturdyDispatcher
    dispatcher.report = report
    sturdy: SturdyDispatcher = dispatcher
    return sturdy


def _answers(worker: WorkerProxy) -> bool:
    try:
        return bool(worker.is_alive())
    except CommunicationError:
        return False


def _is_busy(worker: WorkerProxy) -> bool:
    try:
        return bool(worker.is_busy())
    except CommunicationError:
        return True  # gone since it was asked: the next round drops it
