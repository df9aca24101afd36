"""The imperative vocabulary: engines that hold named things, handlers registered by type, one call that runs it all.

from mainspring import classic

with classic.WorkflowEngine("sqlite:///shop.db") as engine:
    engine.register_task_handler("charge", charge)
    workflow = engine.create_workflow("order", "an order is paid")
    workflow.add_task(classic.Task("pay", "charge the card", "charge", {"amount": 30}))
    engine.execute_workflow("order")        # True once everything has completed

with classic.TaskScheduler("sqlite:///shop.db", workers=4) as scheduler:
    scheduler.schedule_task("greet", greet, datetime(2026, 12, 24, 18))
    scheduler.schedule_recurring_task("backup", backup, 3600)
    scheduler.start()

machine = classic.StateMachine("order", Order.NEW)
machine.add_transition(Order.NEW, Order.PAID, lambda context: context["amount"] > 0)
machine.transition_to(Order.PAID, {"amount": 30})

with classic.ProcessEngine("sqlite:///shop.db") as engine:
    engine.register_step_handler("approval", approve)       # called with the step's config and the context
    process = classic.ProcessDefinition("purchase", "a purchase is approved")
    process.add_step("begin", "begin", {"type": "start"})
    process.add_step("approve", "approve", {"type": "approval", "role": "manager"})
    process.add_connection("begin", "approve", "amount > 100")
    engine.register_process_definition(process)
    engine.execute_process(engine.start_process("purchase", {"amount": 300}))

with classic.DistributedTaskScheduler() as scheduler:
    scheduler.register_worker(classic.Worker("press-1", ["print"]))
    page = scheduler.submit_task("print", {"text": "hello"})
    scheduler.assign_tasks()
    scheduler.workers["press-1"].complete_task({"pages": 1})
"""

from mainspring.classic.distributed import DistributedTaskScheduler, Worker
from mainspring.classic.machine import StateMachine
from mainspring.classic.process import ProcessDefinition, ProcessEngine, ProcessInstance
from mainspring.classic.scheduler import TaskScheduler
from mainspring.classic.workflow import Task, TaskStatus, Workflow, WorkflowEngine, WorkflowStatus

__all__ = [
    "DistributedTaskScheduler",
    "ProcessDefinition",
    "ProcessEngine",
    "ProcessInstance",
    "StateMachine",
    "Task",
    "TaskScheduler",
    "TaskStatus",
    "Worker",
    "Workflow",
    "WorkflowEngine",
    "WorkflowStatus",
]
